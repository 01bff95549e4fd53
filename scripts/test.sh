# shellcheck shell=bash
# Tests: sanitized unit and fuzz runs; then, on a real Hadoop and with the release build, the scenarios, what is
# installed, the Python package, and the portable archive on an old Linux.

# The versions to test on: $KNIT_TEST_HADOOP, `all` for each that tests/hadoop knows.
hadoop_versions() {
  local known version
  known="$(cd tests/hadoop/versions && ls)"
  [ "${KNIT_TEST_HADOOP:-}" != all ] || KNIT_TEST_HADOOP="$known"
  for version in ${KNIT_TEST_HADOOP:-3.4.2}; do
    [ -d "tests/hadoop/versions/$version" ] ||
      { echo "dev test: no Hadoop $version: KNIT_TEST_HADOOP takes 'all' or some of ${known//$'\n'/ }" >&2; return 2; }
    echo "$version"
  done
}

dev_test() {
  local version versions
  need_packages "${BUILD_PACKAGES[@]}" "${HADOOP_PACKAGES[@]}" "${PYTHON_PACKAGES[@]}" "${TEST_PACKAGES[@]}" \
    "${DIST_PACKAGES[@]}"
  versions="$(hadoop_versions)" || exit
  build_preset asan
  ctest --test-dir build/asan --output-on-failure --no-tests=error -L unit -j2
  build_preset release
  build_dist
  for version in $versions; do
    ctest --test-dir build/asan --output-on-failure --no-tests=error -R "^hadoop\\.(schema|hdfs)\\.$version"
    "$PYTHON" -m pytest tests/hadoop tests/install tests/python tests/dist -q --hadoop "$version" "$@"
  done
}
