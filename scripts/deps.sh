# shellcheck shell=bash
# What the project needs from Debian, in two sets: to build and run, and to test; and how a step that fails is told.

BUILD_PACKAGES=(ca-certificates clang-16 lld-16 cmake ninja-build pkg-config ccache protobuf-compiler
  libprotobuf-dev libpugixml-dev libyaml-cpp-dev libcli11-dev libfmt-dev libspdlog-dev libarchive-dev zlib1g-dev libssl-dev
  libboost1.81-dev)
# The real Hadoop that `run` and `test` start.
HADOOP_PACKAGES=(maven openjdk-17-jdk-headless python3 python3-pytest)
# For `pip install .`, beside the BUILD_PACKAGES.
PYTHON_PACKAGES=(python3-dev python3-venv)
TEST_PACKAGES=(git curl shellcheck time libclang-rt-16-dev clang-format-16 clang-tidy-16 llvm-16 libgtest-dev libgmock-dev
  python3-jsonschema python3-yaml qemu-user-static)

LOGS=build/logs
# Debian's Python, for which Debian's pytest is installed, whatever else comes first in PATH.
# shellcheck disable=SC2034  # read in the other scripts
PYTHON=${KNIT_PYTHON:-/usr/bin/python3}

# failed STEP LOG [ADVICE]: ends with the last lines of the log.
failed() {
  tail -20 "$2" >&2
  echo "dev: $1 failed; the whole log is $2${3:+
dev: $3}" >&2
  exit 1
}

missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || echo "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# need_packages PACKAGE...: says what is missing and installs it, unless KNIT_NO_INSTALL=1.
need_packages() {
  mkdir -p "$LOGS"
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} = 0 ] && return 0
  local install="apt-get install --no-install-recommends ${missing[*]}"
  if [ "${KNIT_NO_INSTALL:-}" = 1 ]; then
    echo "dev: missing Debian packages: ${missing[*]}" >&2
    echo "dev: KNIT_NO_INSTALL=1 forbids installing them; do: $install" >&2
    exit 1
  fi
  if ! command -v apt-get >/dev/null; then
    echo "dev: missing: ${missing[*]}" >&2
    echo "dev: these are Debian 12's names and there is no apt-get here; with the like of them installed, the CMake" \
      "presets work without ./dev (CONTRIBUTING.md)" >&2
    exit 1
  fi
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    echo "dev: missing Debian packages: ${missing[*]}" >&2
    echo "dev: neither root nor sudo is at hand; as root do: $install" >&2
    exit 1
  fi
  echo "dev: installing Debian packages: ${missing[*]}"
  as_root apt-get update -q >"$LOGS/apt.log" 2>&1 ||
    failed "apt-get update" "$LOGS/apt.log" "apt must reach a Debian mirror: check /etc/apt and the network"
  # nothing of the machine's is removed for us: libboost1.81-dev excludes Debian's default, libboost1.74-dev
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-remove --no-install-recommends \
    "${missing[@]}" >>"$LOGS/apt.log" 2>&1 ||
    failed "apt-get install" "$LOGS/apt.log" \
      "if another package is in the way (libboost1.74-dev is), remove that first; this removes nothing"
}

# shellcheck disable=SC2153  # DIST_PACKAGES: scripts/dist.sh
dev_deps() {
  need_packages "${BUILD_PACKAGES[@]}" "${HADOOP_PACKAGES[@]}" "${PYTHON_PACKAGES[@]}" "${TEST_PACKAGES[@]}" \
    "${DIST_PACKAGES[@]}"
}
