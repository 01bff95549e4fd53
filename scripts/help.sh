dev_help() {
  cat <<'TEXT'
./dev COMMAND

  run      build, start a Hadoop of one machine on loopback and run the main job on it
  test     build with sanitizers, run the unit tests, the fuzzers and the scenarios on a real Hadoop
  bench    time and memory of Knit and of Hadoop's own programs, side by side (./dev bench --help)
  build    build/release/bin/knit and the master
  install  --prefix DIR: bin, libexec, lib, include and the CMake package
  dist     the portable archive
  deps     install what all of this needs (each command does so for itself)
  format   clang-format everything
  lint     house rules, format, clang-tidy

KNIT_NO_INSTALL=1 forbids installing packages. KNIT_TEST_HADOOP="3.3.6 3.4.2" chooses the versions of `test`.
TEXT
}
