# SPDX-License-Identifier: MIT
# Programs that run in the guest: programs/NAME.c -> build/tests/guest/NAME. The
# runner puts them into the guest's /bin; nothing runs them on the host.
cflags_tests/guest/programs := -D_GNU_SOURCE $(drm_cflags)
$(foreach p,$(wildcard tests/guest/programs/*.c),$(eval $(call program,\
	build/tests/guest/$(basename $(notdir $(p))),$(p),,-pthread -ldrm)))
guest_files = $(filter build/tests/guest/%,$(test_files))
