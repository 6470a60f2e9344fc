# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For scripts that build the module to see its warnings.

# kbuild_check LOG KDIR FOLDER MAKE-ARGUMENT...: fails with the build, and for
# each warning of the compiler, of kernel-doc (W=1) or of sparse (C=2), which
# LOG.findings lists. modpost's list of symbols is none: there may be no vmlinux.
kbuild_check() {
	kbuild_log=$1 kbuild_kdir=$2 kbuild_folder=$3
	shift 3
	kbuild_status=0
	make -C "$kbuild_kdir" M="$kbuild_folder" CONFIG_DRM_ACCEL_OCTET=m \
		CONFIG_WERROR= "$@" modules >"$kbuild_log" 2>&1 || kbuild_status=$?
	grep -E ': (warning|error):|^(Warning|Error): |: fatal error:|Error [0-9]' \
		"$kbuild_log" >"$kbuild_log.findings" || :
	[ $kbuild_status = 0 ] && [ ! -s "$kbuild_log.findings" ]
}
