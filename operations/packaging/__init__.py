"""What is deployed, made from this repository: a folder and an archive for each function."""
