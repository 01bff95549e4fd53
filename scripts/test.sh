# shellcheck shell=bash
# Tests: sanitized unit and fuzz runs; then, on a real Hadoop and with the release build, the scenarios, what is
# installed, and the portable archive on an old Linux.

dev_test() {
  need_packages "${BUILD_PACKAGES[@]}" "${HADOOP_PACKAGES[@]}" "${TEST_PACKAGES[@]}" "${DIST_PACKAGES[@]}"
  build_preset asan
  ctest --test-dir build/asan --output-on-failure --no-tests=error -L unit -j2
  build_preset release
  build_dist
  local version
  for version in ${KNIT_TEST_HADOOP:-3.4.2}; do
    ctest --test-dir build/asan --output-on-failure --no-tests=error -R "^hadoop\\.(schema|hdfs)\\.$version"
    "$PYTHON" -m pytest tests/hadoop tests/install tests/dist -q --hadoop "$version" "$@"
  done
}
