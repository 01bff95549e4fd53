#!/usr/bin/env bash
# Builds the libraries of the portable client as static archives, from Debian's source packages, with zig-clang.
#
#   libraries.sh DIR     leaves them in DIR/prefix (include, lib), their licences in DIR/licenses/NAME, and in
#                        DIR/libraries.txt one line each: NAME VERSION LICENCE
#
# Sources come through apt (signatures and digests checked) with lists of its own under DIR: the system's are neither
# used nor changed. A library is built once for each version of its source, of zig and of this file. Newer sources are
# looked for when the machine's own packages of these libraries have changed; else this needs no network.
# KNIT_ZIG: see zig-tool.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
mkdir -p "$1/logs" "$1/source" "$1/built"
dir="$(cd "$1" && pwd)"
jobs="${KNIT_JOBS:-$(nproc)}"
ccache=""
if command -v ccache >/dev/null; then ccache="ccache "; fi
recipe="$( (cat "${BASH_SOURCE[0]}" "$here/zig-tool"; "$KNIT_ZIG/zig" version) | sha256sum | cut -c1-12)"
# ccache must notice another zig behind the same script
CCACHE_COMPILERCHECK="string:$(cat "$here/zig-tool" "$here/zig.txt" | sha256sum)"
export CCACHE_COMPILERCHECK
export CC="$ccache$here/zig-clang" CXX="$ccache$here/zig-clang++" AR="$here/zig-ar" RANLIB="$here/zig-ranlib"
# Paths in assertions are the same wherever this is built.
export CFLAGS="-O2 -fPIC -ffunction-sections -fdata-sections -ffile-prefix-map=$dir/source=."
export CXXFLAGS="$CFLAGS"

# Where this system gets its packages: the same hosts serve the sources.
prepare_apt() {
  local apt="$dir/apt"
  mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
  # shellcheck disable=SC2016  # apt's own variables
  # security last: of two places for one version apt takes the first, and mirrors lack some of it
  apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) main' 'Created-By: Packages' 'Origin: Debian' |
    sort -ru >"$apt/sources.list"
  [ -s "$apt/sources.list" ] || { echo "libraries: apt on this machine knows no Debian packages" >&2; return 1; }
  cat >"$apt/apt.conf" <<CONF
Dir::State "$apt/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/nonexistent";
APT::Sandbox::User "";
Acquire::Languages "none";
CONF
  export APT_CONFIG="$apt/apt.conf"
  apt-get update -qq ||
    { echo "libraries: apt cannot fetch the lists of sources of the mirrors in $apt/sources.list" >&2; return 1; }
}

# Versions of source package $1, newest first.
versions_of() { apt-cache showsrc --only-source "$1" | sed -n 's/^Version: //p' | sort -rVu; }

# fetch NAME VERSION: unpacks the patched source as $dir/source/NAME/tree.
fetch() {
  rm -rf "$dir/source/$1"
  mkdir -p "$dir/source/$1"
  (cd "$dir/source/$1" && apt-get source -qq "$1=$2") >"$dir/logs/$1.fetch.log" 2>&1 || return 1
  mv "$dir/source/$1"/*/ "$dir/source/$1/tree"
}

# Each build_NAME runs inside the source and installs into $out/include, $out/lib and $out/license.

build_openssl() {
  # Nothing is loaded at run time: no modules, engines or configuration file of the user's machine. Old ciphers and
  # what is not for TLS is left out: half of the time to build it.
  ./Configure linux-x86_64 no-shared no-module no-engine no-dso no-legacy no-tests no-autoload-config no-comp no-ssl3 \
    no-aria no-bf no-camellia no-cast no-cmp no-cms no-des no-gost no-idea no-md4 no-mdc2 no-rc2 no-rc4 no-rmd160 \
    no-seed no-sm2 no-sm3 no-sm4 no-srp no-ts no-whirlpool --prefix=/usr --openssldir=/etc/ssl "$CFLAGS"
  make -s -j"$jobs" build_generated
  make -s -j"$jobs" libssl.a libcrypto.a
  cp -r include/openssl "$out/include/"
  rm -f "$out"/include/openssl/*.in
  cp libssl.a libcrypto.a "$out/lib/"
  cp LICENSE.txt "$out/license/"
}

build_protobuf() {
  cmake -S cmake -B out -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$here/zig-clang++" \
    ${ccache:+-DCMAKE_CXX_COMPILER_LAUNCHER=ccache} -DCMAKE_AR="$here/zig-ar" -DCMAKE_RANLIB="$here/zig-ranlib" \
    -DCMAKE_CXX_STANDARD=17 -DCMAKE_CXX_FLAGS_RELEASE=-DNDEBUG -Dprotobuf_BUILD_TESTS=OFF \
    -Dprotobuf_BUILD_PROTOC_BINARIES=OFF -Dprotobuf_WITH_ZLIB=OFF
  cmake --build out -j"$jobs" --target libprotobuf-lite
  cp out/libprotobuf-lite.a "$out/lib/"
  (cd src && find google -name '*.h' -o -name '*.inc' | tar -c -T - | tar -x -C "$out/include")
  cp LICENSE "$out/license/"
}

build_zlib() {
  ./configure --static --prefix=/usr
  make -s -j"$jobs" libz.a
  cp zlib.h zconf.h "$out/include/"
  cp libz.a "$out/lib/"
  cp README "$out/license/"
}

build_pugixml() {
  # shellcheck disable=SC2086
  $CXX $CXXFLAGS -DNDEBUG -c src/pugixml.cpp -o pugixml.o
  $AR rcs "$out/lib/libpugixml.a" pugixml.o
  cp src/pugixml.hpp src/pugiconfig.hpp "$out/include/"
  cp LICENSE.md "$out/license/"
}

build_yaml_cpp() {
  # shellcheck disable=SC2086
  find src -maxdepth 1 -name '*.cpp' -print0 | xargs -0 -P "$jobs" -I FILE $CXX $CXXFLAGS -w -DNDEBUG \
    -DYAML_CPP_STATIC_DEFINE -Iinclude -Isrc -c FILE -o FILE.o
  $AR rcs "$out/lib/libyaml-cpp.a" src/*.cpp.o
  cp -r include/yaml-cpp "$out/include/"
  cp LICENSE "$out/license/"
}

build_libarchive() {
  # What it is needed for is tar, zip and gzip. Its own configuration for Linux saves some 400 questions to the compiler.
  sed -i -E 's/^#define (HAVE_LIBLZMA|HAVE_LZMA_H) .*//' contrib/android/config/linux_host.h
  # shellcheck disable=SC2086,SC2154  # $zlib: where `library` put it
  (cd libarchive && ls ./*.c) | xargs -P "$jobs" -I FILE $CC $CFLAGS -w -DNDEBUG -I"$zlib/include" \
    -D__LIBARCHIVE_CONFIG_H_INCLUDED "-DPLATFORM_CONFIG_H=\"../contrib/android/config/linux_host.h\"" -c libarchive/FILE -o FILE.o
  $AR rcs "$out/lib/libarchive.a" ./*.c.o
  cp libarchive/archive.h libarchive/archive_entry.h "$out/include/"
  cp COPYING "$out/license/"
}

# library NAME LICENCE: the newest version that can be had, built unless it is there.
library() {
  local name="$1" licence="$2" version out status newest=""
  for version in $(versions_of "$name"); do
    newest="${newest:-$version}"
    out="$dir/built/$name-$version-$recipe"
    if [ ! -e "$out/done" ]; then
      fetch "$name" "$version" || continue
      echo "libraries: building $name $version"
      rm -rf "$out"
      mkdir -p "$out/include" "$out/lib" "$out/license"
      set +e  # `( ... ) ||` would switch it off in there too
      (set -ex; cd "$dir/source/$name/tree"; "build_${name//-/_}") >"$dir/logs/$name.log" 2>&1
      status=$?
      set -e
      if [ $status != 0 ]; then
        tail -20 "$dir/logs/$name.log" >&2
        echo "libraries: building $name failed: $dir/logs/$name.log" >&2
        exit 1
      fi
      rm -rf "$dir/source/$name"
      touch "$out/done"
    fi
    [ "$version" = "$newest" ] || echo "libraries: WARNING: the mirror lacks the source of $name $newest; took $version" >&2
    cp -r "$out/include" "$out/lib" "$dir/prefix/"
    mkdir -p "$dir/licenses/$name"
    cp "$out/license/"* "$dir/licenses/$name/"
    echo "$name $version $licence" >>"$dir/libraries.txt"
    printf -v "${name//-/_}" %s "$out"
    return 0
  done
  cat "$dir/logs/$name.fetch.log" >&2 || true
  echo "libraries: no source of $name can be had from this machine's Debian mirror" >&2
  exit 1
}

state="$recipe $(dpkg-query -W libarchive-dev libprotobuf-dev libpugixml-dev libssl-dev libyaml-cpp-dev zlib1g-dev)"
if [ "$(cat "$dir/state" 2>/dev/null)" = "$state" ]; then exit 0; fi
prepare_apt
rm -rf "$dir/prefix" "$dir/licenses" "$dir/libraries.txt"
mkdir -p "$dir/prefix" "$dir/licenses"
library zlib Zlib
library pugixml MIT
library yaml-cpp MIT
library openssl Apache-2.0
library protobuf BSD-3-Clause
library libarchive BSD-2-Clause
echo "$state" >"$dir/state"
