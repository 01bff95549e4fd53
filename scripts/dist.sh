# shellcheck shell=bash
# The portable archive: a client for every Linux with glibc 2.17 or later, and the static masters.

DIST_PACKAGES=(binutils dpkg-dev llvm-16 make perl python3-venv)
AARCH64_PACKAGES=(libc6-dev libstdc++-12-dev libssl-dev libprotobuf-dev libpugixml-dev zlib1g-dev)

# Leaves zig's clang in build/dist and its folder in KNIT_ZIG.
dist_compiler() {
  local venv=build/dist/zig
  if ! cmp -s tools/dist/zig.txt "$venv/zig.txt"; then
    rm -rf "$venv"
    echo "dev: fetching the compiler of the archive (tools/dist/zig.txt) from PyPI"
    "$PYTHON" -m venv "$venv"
    "$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r tools/dist/zig.txt \
      >"$LOGS/pip.log" 2>&1 ||
      failed "pip install -r tools/dist/zig.txt" "$LOGS/pip.log" \
        "PyPI must be reachable; a proxy or a mirror is named in pip's own configuration"
    cp tools/dist/zig.txt "$venv/zig.txt"
  fi
  KNIT_ZIG="$("$venv/bin/python" -c 'import os, ziglang; print(os.path.dirname(ziglang.__file__))')"
  export KNIT_ZIG ZIG_GLOBAL_CACHE_DIR="$PWD/build/dist/zig-cache"
}

# The header-only libraries, alone: what else lies in /usr/include belongs to this machine's C library.
dist_headers() {
  local headers=build/dist/libraries/headers name
  rm -rf "$headers"
  mkdir -p "$headers/include" "$headers/share/cmake"
  for name in boost fmt spdlog CLI; do
    ln -s "/usr/include/$name" "$headers/include/$name"
  done
  cp -r /usr/share/cmake/CLI11 "$headers/share/cmake/"
}

dev_dist() {
  need_packages "${BUILD_PACKAGES[@]}" "${DIST_PACKAGES[@]}"
  build_dist
}

build_dist() {
  mkdir -p build/dist
  dist_compiler
  tools/dist/libraries.sh build/dist/libraries
  dist_headers
  build_preset release knit-master
  tools/dist/debs.py build/dist/aarch64 arm64 "${AARCH64_PACKAGES[@]}"
  build_preset aarch64 knit-master
  # ccache must notice another zig behind the same script
  CCACHE_COMPILERCHECK="string:$(cat tools/dist/zig.txt tools/dist/zig-tool | sha256sum)" build_preset dist knit
  "$PYTHON" tools/dist/archive.py build/dist
}
