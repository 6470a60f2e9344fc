# SPDX-License-Identifier: MIT
# The fuzzers: of the machine core, and of .tflite files. `make check` runs the
# first on random inputs, and tests/unit/test_tflite_bad.c changes files; `make
# fuzz` runs both with clang's libFuzzer, for FUZZ_SECONDS each, and says what
# was covered.

FUZZ_SECONDS ?= 60

fuzz_target := $(filter-out %_tflite.c,$(wildcard tests/fuzz/fuzz_*.c))
cflags_tests/fuzz := -Ihw-model/core -Itests/fuzz
$(eval $(call program,build/tests/asan/core_fuzz,$(fuzz_target) tests/fuzz/random.c,octet-core,\
	-lpthread -lm,asan))

fuzz_core := $(fuzz_target) $(core_sources)
fuzz_model := $(wildcard userspace/lib/tflite/*.c userspace/lib/model/check*.c \
	tests/lib/model*.c) userspace/lib/model/graph.c
fuzz_tflite := tests/fuzz/fuzz_tflite.c $(fuzz_model)
fuzz_inputs := $(fuzz_core) $(fuzz_tflite) driver/octet_regs.h tests/fuzz/seeds_tflite.c \
	$(wildcard tests/fuzz/*.h hw-model/core/*.h uapi/drm/*.h tests/lib/*.h \
	userspace/lib/tflite/*.h userspace/lib/tflite/*.def userspace/lib/model/*.h)
fuzz_cc = clang -std=gnu11 -O1 -g -Wall -Wextra -Iuapi -Idriver -Ihw-model/core -Itests/fuzz \
	-Iuserspace/include -Iuserspace/lib -Itests/lib
fuzz_files := $(foreach f,core tflite,build/fuzz/$(f) build/fuzz/$(f)_coverage) \
	build/fuzz/tflite_seeds

build/fuzz/core build/fuzz/tflite: build/fuzz/%: $(fuzz_inputs)
	@mkdir -p $(@D)
	$(call say,CLANG,$@)
	$(Q)$(fuzz_cc) -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=undefined -o $@ $(fuzz_$*) -lm

build/fuzz/core_coverage build/fuzz/tflite_coverage: build/fuzz/%_coverage: $(fuzz_inputs)
	@mkdir -p $(@D)
	$(call say,CLANG,$@)
	$(Q)$(fuzz_cc) -fsanitize=fuzzer -fprofile-instr-generate -fcoverage-mapping -o $@ \
		$(fuzz_$*) -lm

build/fuzz/tflite_seeds: $(fuzz_inputs)
	@mkdir -p $(@D)
	$(call say,CLANG,$@)
	$(Q)$(fuzz_cc) -o $@ tests/fuzz/seeds_tflite.c $(fuzz_model) -lm
