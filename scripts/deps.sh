# What the project needs from Debian, in two sets: to build and run, and to test.
# Boost 1.81 and Debian's default 1.74 exclude each other, so nothing is ever removed: on a conflict the 1.81 headers
# are unpacked under the build folder instead.

BUILD_PACKAGES=(ca-certificates clang-16 lld-16 cmake ninja-build pkg-config ccache protobuf-compiler
  libprotobuf-dev libpugixml-dev libcli11-dev libfmt-dev libspdlog-dev libarchive-dev zlib1g-dev libssl-dev
  libboost1.81-dev)
# The real Hadoop that `run` and `test` start.
HADOOP_PACKAGES=(maven openjdk-17-jdk-headless python3 python3-pytest)
TEST_PACKAGES=(time libclang-rt-16-dev clang-format-16 clang-tidy-16 llvm-16 libgtest-dev libgmock-dev libbenchmark-dev)

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
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} = 0 ] && return 0
  if [ "${KNIT_NO_INSTALL:-}" = 1 ]; then
    echo "dev: missing Debian packages: ${missing[*]}" >&2
    echo "dev: KNIT_NO_INSTALL=1 forbids installing them; do: apt-get install ${missing[*]}" >&2
    return 1
  fi
  echo "dev: installing Debian packages: ${missing[*]}"
  as_root apt-get update -q >"$LOGS/apt.log" 2>&1 || { tail -5 "$LOGS/apt.log" >&2; return 1; }
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-remove --no-install-recommends \
    "${missing[@]}" >>"$LOGS/apt.log" 2>&1 || { tail -20 "$LOGS/apt.log" >&2; return 1; }
}

LOGS=build/logs
mkdir -p "$LOGS"

dev_deps() { need_packages "${BUILD_PACKAGES[@]}" "${HADOOP_PACKAGES[@]}" "${TEST_PACKAGES[@]}"; }
