#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the programs that compare the CPU fallback with other libraries, build/bench/ops
# and build/bench/nets. The libraries come from Debian's newest suite with a C
# library of their own, which the programs then run on: they are none of make's.
#	PEERS_SUITE=sid    Debian's suite
#	PEERS_ROOT=FOLDER  take the libraries that lie there instead
set -eu
cd "$(dirname "$0")/../../.."
suite=${PEERS_SUITE:-sid}
root=${PEERS_ROOT:-$(tests/lib/debian_root.sh "peers-$suite-1" "$suite" libdnnl-dev=3. \
	libxnnpack-dev libpthreadpool-dev libonnxruntime-dev=1.)}
libs=$root/usr/lib/$(cc -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)
[ -d "$libs" ] || libs=$root/usr/lib/x86_64-linux-gnu
loader=$(find "$libs" -maxdepth 1 -name 'ld-linux-*.so.*' | head -n 1)
out=build/bench
# The headers of these libraries, and no others of that suite.
mkdir -p "$out/headers"
for h in dnnl.h dnnl_config.h dnnl_debug.h dnnl_types.h dnnl_version.h oneapi xnnpack.h \
	pthreadpool.h onnxruntime; do
	ln -sfn "$root/usr/include/$h" "$out/headers/$h"
done
version() {
	sed -n "s/^$1 //p" "$root/packages" 2>/dev/null | head -n 1
}
best=
for flag in avx2:avx2 avx_vnni:avxvnni avx512_vnni:avx512vnni amx_int8:amx; do
	if grep -qw "${flag%:*}" /proc/cpuinfo; then best=${flag#*:}; fi
done
archives=
for a in octet octet-cpu octet-core; do archives="$archives build/obj/opt/lib$a.a"; done

# program, sources, libraries
build() {
	# shellcheck disable=SC2086 # lists
	${CC:-cc} -std=gnu11 -O2 -g -Wall -Wextra -Werror -Iuserspace/include -Iuapi \
		-isystem "$out/headers" "-DPEER_BEST_LEVEL=\"$best\"" \
		"-DPEER_XNNPACK_VERSION=\"$(version libxnnpack-dev)\"" -o "$1.$$" \
		$2 $archives -ldrm -L"$libs" $3 -lpthread -lm \
		-Wl,--allow-shlib-undefined "-Wl,--dynamic-linker,$loader" \
		"-Wl,--disable-new-dtags,-rpath,$libs"
	mv "$1.$$" "$1"
}
build "$out/ops" "$(echo tests/bench/peers/*.c)" "-ldnnl -lXNNPACK"
build "$out/nets" tests/bench/nets/nets.c -lonnxruntime
