# SPDX-License-Identifier: MIT
# The fuzzer of the machine core. `make check` runs it on random inputs; `make
# fuzz` with clang's libFuzzer, for FUZZ_SECONDS, and says what was covered.

FUZZ_SECONDS ?= 60

fuzz_target := $(wildcard tests/fuzz/fuzz_*.c)
cflags_tests/fuzz := -Ihw-model/core -Itests/fuzz
$(eval $(call program,build/tests/asan/core_fuzz,$(fuzz_target) tests/fuzz/random.c,octet-core,\
	-lpthread -lm,asan))

fuzz_sources := $(fuzz_target) $(core_sources)
fuzz_inputs := $(fuzz_sources) $(wildcard tests/fuzz/*.h hw-model/core/*.h uapi/drm/*.h) \
	driver/octet_regs.h
fuzz_cc = clang -std=gnu11 -O1 -g -Wall -Wextra -Iuapi -Idriver -Ihw-model/core -Itests/fuzz

build/fuzz/core: $(fuzz_inputs)
	@mkdir -p $(@D)
	$(call say,CLANG,$@)
	$(Q)$(fuzz_cc) -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=undefined -o $@ $(fuzz_sources)

build/fuzz/core_coverage: $(fuzz_inputs)
	@mkdir -p $(@D)
	$(call say,CLANG,$@)
	$(Q)$(fuzz_cc) -fsanitize=fuzzer -fprofile-instr-generate -fcoverage-mapping -o $@ \
		$(fuzz_sources)
