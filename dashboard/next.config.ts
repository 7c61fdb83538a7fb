import type { NextConfig } from "next";

const config: NextConfig = {
  output: "export",
  // Every page is a folder with an index.html, which any static host serves.
  trailingSlash: true,
  reactStrictMode: true,
  experimental: { optimizePackageImports: ["lucide-react"] },
};

export default config;
