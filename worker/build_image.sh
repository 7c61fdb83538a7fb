#!/bin/sh
# Installs the worker into a folder: all that its image consists of beyond the base.
#
#     worker/build_image.sh FOLDER [PYTHON]
#
# FOLDER/venv   what uv.lock pins for the worker, compiled
# FOLDER/app    worker/ and what it imports of shared/, compiled
#
# The folder is named by its final path, because programs in an environment name their interpreter by path. UV
# names the uv to use. worker/Dockerfile runs this, and so does the test that has no container runtime.
set -eu

folder=$1
python=${2:-python3.11}
uv=${UV:-uv}
source=$(cd "$(dirname "$0")/.." && pwd)

mkdir -p "$folder"
UV_PROJECT_ENVIRONMENT="$folder/venv" "$uv" sync --quiet --project "$source" --python "$python" \
    --locked --no-default-groups --group worker --compile-bytecode --link-mode copy

cd "$source"
"$folder/venv/bin/python" -m operations.packaging.worker "$folder/app"
# By hash and unchecked: the files never change, and copying may change their times.
"$folder/venv/bin/python" -m compileall -q --invalidation-mode unchecked-hash "$folder/app"

# Imports all that a call uses, as the worker does before its first call. What is missing fails here.
cd "$folder/app"
PYTHONPATH="$folder/app" "$folder/venv/bin/python" -B -c "import worker.preload"

# Whoever runs it reads it and changes nothing.
chmod -R a-w,a+rX "$folder"
