# shellcheck shell=bash
# Building and installing.

# What one clone has compiled is a hit in every other, whatever folder it lies in.
export CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1

# build_preset PRESET [TARGET...]
build_preset() {
  local preset="$1"
  shift
  cmake --preset "$preset" >"$LOGS/configure-$preset.log" 2>&1 ||
    failed "configuring (cmake --preset $preset)" "$LOGS/configure-$preset.log"
  cmake --build --preset "$preset" ${1:+--target "$@"}
}

dev_build() {
  need_packages "${BUILD_PACKAGES[@]}"
  build_preset release
  echo "dev: built build/release/bin/knit"
}

dev_install() {
  local prefix=""
  while [ $# -gt 0 ]; do
    case "$1" in
      --prefix) prefix="${2:-}"; shift $(($# > 1 ? 2 : 1)) ;;
      --prefix=*) prefix="${1#--prefix=}"; shift ;;
      *) echo "dev install: unknown option '$1'; use --prefix DIR" >&2; exit 2 ;;
    esac
  done
  [ -n "$prefix" ] || { echo "dev install: say where: --prefix DIR" >&2; exit 2; }
  case "$prefix" in /*) ;; *) prefix="$CALLER/$prefix" ;; esac
  # asked before the build, which takes minutes
  { mkdir -p "$prefix" && [ -w "$prefix" ]; } ||
    { echo "dev install: cannot write to $prefix: choose another --prefix, or call this with sudo" >&2; exit 1; }
  dev_build
  cmake --install build/release --prefix "$prefix"
}
