# shellcheck shell=bash
# Knit and Hadoop's own programs, side by side.

BENCH_PACKAGES=(time)

dev_bench() {
  {
    need_packages "${BUILD_PACKAGES[@]}" "${HADOOP_PACKAGES[@]}" "${BENCH_PACKAGES[@]}"
    build_preset release
  } >&2
  "$PYTHON" bench/run.py "$@"
}
