# What `make package` and `make dashboard` have built.

locals {
  functions_dir = startswith(var.functions_dir, "/") ? var.functions_dir : "${path.module}/${var.functions_dir}"
  dashboard_dir = startswith(var.dashboard_dir, "/") ? var.dashboard_dir : "${path.module}/${var.dashboard_dir}"

  dashboard_config = {
    api_url   = local.urls.tools_api
    oauth_url = local.urls.oauth
    issuer    = local.sign_in.issuer
    client_id = local.sign_in.audience
  }

  dashboard_connect_sources = distinct(concat(
    [local.urls.tools_api, local.urls.oauth, var.livekit.url, replace(var.livekit.url, "wss://", "https://")],
    # Signing in: the provider itself, or what Identity Platform's client talks to.
    var.sign_in == null ? ["https://identitytoolkit.googleapis.com", "https://securetoken.googleapis.com"] : [
      regex("^https://[^/]+", var.sign_in.issuer)
    ],
  ))

  # headers.json has a policy for each page, with the hashes of the page's inline scripts. The load balancer has one
  # set of headers for all pages, so the policies are put together: any page's scripts may run on any page, and those of
  # the former pages, which are still there when the policy changes.
  dashboard_build = try(jsondecode(file("${local.dashboard_dir}/headers.json")), { pages = {}, all = {} })
  dashboard_pages = [for headers in values(local.dashboard_build.pages) : headers["Content-Security-Policy"]]
  dashboard_hashes = distinct(concat(
    flatten([for policy in local.dashboard_pages : regexall("'sha256-[A-Za-z0-9+/=]+'", policy)]),
    var.former_dashboard_hashes,
  ))
  dashboard_policy = length(local.dashboard_pages) > 0 ? local.dashboard_pages[0] : "default-src 'none'; frame-ancestors 'none'"
  dashboard_headers = merge(local.dashboard_build.all, {
    "Content-Security-Policy" = replace(
      replace(local.dashboard_policy, "/script-src [^;]*/", join(" ", concat(["script-src 'self'"], local.dashboard_hashes))),
      "{connect}", join(" ", local.dashboard_connect_sources),
    )
  })
}
