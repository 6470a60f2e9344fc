# SPDX-License-Identifier: MIT
# The machine core as an archive (octet-core), and its unit tests, each also
# with the sanitizers. QEMU builds the same sources itself: hw-model/qemu.

core_sources := $(wildcard hw-model/core/*.c)
$(eval $(call archive,octet-core,$(core_sources)))

core_fake := tests/unit/core_fake_host.c
core_tests := $(wildcard tests/unit/test_core_*.c)
core_test_libs := -lcmocka -lpthread -lm
$(foreach f,$(core_fake) $(core_tests),$(eval cflags_$(f) := -Ihw-model/core -Itests/unit))

# core_test NAME: build/tests/core_NAME, build/tests/asan/core_NAME
define core_test
$(eval $(call program,build/tests/core_$(1),tests/unit/test_core_$(1).c $(core_fake),octet-core,\
	$(core_test_libs)))
$(eval $(call program,build/tests/asan/core_$(1),tests/unit/test_core_$(1).c $(core_fake),\
	octet-core,$(core_test_libs),asan))
endef
$(foreach t,$(core_tests),$(eval $(call core_test,$(patsubst tests/unit/test_core_%.c,%,$(t)))))
