# shellcheck shell=bash
# What `./dev help` says.

dev_help() {
  cat <<'TEXT'
./dev COMMAND

  run      build, start a Hadoop of one machine on loopback and run the main job on it
  test     build with sanitizers, run the unit tests and the fuzzers; then, on a real Hadoop, the scenarios,
           what is installed, the Python package, and the portable archive on an old Linux
  bench    time and memory of Knit and of Hadoop's own programs, side by side (./dev bench --help)
  build    build/release/bin/knit and the master
  install  --prefix DIR: bin, libexec, lib, include and the CMake package
  dist     build/dist/knit-VERSION-linux-x86_64.tar.gz: a client for every Linux with glibc 2.17, and the
           masters for x86-64 and aarch64
  deps     install what all of this needs (each command does so for itself)
  format   clang-format everything
  lint     house rules, format, shellcheck, and clang-tidy on what the last commit changed (--all: on everything)

Each command first installs the Debian packages it lacks; KNIT_NO_INSTALL=1 forbids that, and it says what to install.
KNIT_TEST_HADOOP="3.3.6 3.4.2" chooses the versions of `test`, KNIT_TEST_HADOOP=all takes each; what follows `test`
goes to pytest (-k, -x).
TEXT
}
