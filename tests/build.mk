# SPDX-License-Identifier: MIT
# Test programs. In each folder a .c file that has a main (or UNIT_MAIN) is one
# program; the other .c files are linked into all of them where needed. Scripts
# are linked, so that tests/each.sh runs them as well.
#   tests/unit/test_quant.c	-> build/tests/quant
#   tests/conformance/ops.c	-> build/tests/conformance/ops

cflags_tests := -Itests/unit -Itests/lib -Itests/conformance -Ihw-model \
	-Iuserspace/lib $(drm_cflags)
test_libs := -lcmocka $(lib_libs) -ljson-c

# Floats judge there: no contraction, on any machine.
cflags_tests/lib/refs.c := -ffp-contract=off

test_folders := unit conformance timing
# Declared apart: a helper's archive must know all of its sources.
# The core's tests are built by hw-model/build.mk.
test_all := $(filter-out tests/unit/test_core_% tests/unit/core_% \
	tests/conformance/refusals.c tests/conformance/mutate.c, \
	$(foreach d,$(test_folders),$(wildcard tests/$(d)/*.c)))
test_mains := $(if $(test_all),$(shell grep -lE '^int main|^UNIT_MAIN' $(test_all)))
test_helpers := $(filter-out $(test_mains),$(test_all)) $(wildcard tests/lib/*.c)
$(eval $(call archive,tests,$(test_helpers)))

test_dir_unit := build/tests
test_dir_conformance := build/tests/conformance
test_dir_timing := build/tests/timing
test_dir = $(test_dir_$(notdir $(patsubst %/,%,$(dir $(1)))))
test_name = $(call test_dir,$(1))/$(patsubst test_%,%,$(basename $(notdir $(1))))
$(foreach t,$(test_mains),$(eval $(call program,$(call test_name,$(t)),$(t),\
	tests $(lib_archives),$(test_libs))))

# Those of the library with the sanitizers too; what counts malloc() cannot.
test_asan := $(filter-out tests/unit/test_alloc.c tests/unit/test_tflite_alloc.c,\
	$(filter tests/unit/%,$(test_mains)))
$(foreach t,$(test_asan),$(eval $(call program,build/tests/asan/$(notdir $(call \
	test_name,$(t))),$(t),tests $(lib_archives),$(test_libs),asan)))

test_scripts := $(foreach d,$(test_folders),$(wildcard tests/$(d)/*.sh))
define test_script
test_files += $(call test_name,$(1))
$(call test_name,$(1)): $(1) build/lib/liboctet.so
	@mkdir -p $$(@D)
	@ln -sf "$$(CURDIR)/$(1)" $$@
	@touch -h $$@
endef
$(foreach t,$(test_scripts),$(eval $(call test_script,$(t))))

# In the guest the same programs find the device: tests/guest/cases/library.sh.
$(foreach t,backends job_panels jobs ops plan,$(eval $(call program,build/tests/guest/lib_$(t),\
	tests/unit/test_$(t).c,tests $(lib_archives),$(test_libs))))

# The AMX level where there is no AMX, in the tests of whole commands.
$(foreach t,run ops chain,$(eval $(call program,build/tests/cpu_$(t)_amx,\
	tests/unit/test_cpu_$(t).c tests/tools/amx_emulated.c,tests $(lib_archives),$(test_libs))))

# The same level as it was compiled, with instructions that trap.
$(eval $(call program,build/tests/cpu_run_amx_traps,tests/unit/test_cpu_run.c \
	tests/tools/amx_fallback.c tests/tools/amx_traps.c,tests $(lib_archives),$(test_libs)))

# The device's AMX level likewise.
amx_core := tests/tools/amx_core.c tests/tools/amx_traps.c
$(foreach t,compute compute_tail compute_window,$(eval $(call program,build/tests/$(t)_amx,\
	tests/unit/test_$(t).c $(amx_core),tests $(lib_archives),$(test_libs))))
$(eval $(call program,build/tests/asan/compute_amx,tests/unit/test_compute.c $(amx_core),\
	tests $(lib_archives),$(test_libs),asan))

# The same tests, and networks, with several threads in each operation.
threads_tests := cpu_run cpu_ops cpu_chain plan
$(foreach t,$(threads_tests),$(eval $(call program,build/tests/$(t)_threads,\
	tests/unit/test_$(t).c tests/tools/cpu_threads.c,tests $(lib_archives),$(test_libs))))
$(threads_tests:%=build/tests/%_threads) build/tests/tsan/cpu_run: LDFLAGS += \
	-Wl,--wrap=octet_cpu_new,--wrap=octet_cpu_run,--wrap=octet_cpu_cut,--wrap=ops_random
# Where the library finds no thread to be had.
build/tests/cpu_threads build/tests/asan/cpu_threads build/tests/tsan/cpu_threads: LDFLAGS += \
	-Wl,--wrap=pthread_create
# The same with ThreadSanitizer, of the fallback alone: tests/unit/cpu_tsan.sh runs them.
tsan_common := $(addprefix tests/,tools/cpu_threads.c $(addprefix unit/test_cpu_,\
	util.c ops_gen.c ops_ref.c ops_rows.c))
$(eval $(call program,build/tests/tsan/cpu_threads,tests/unit/test_cpu_threads.c \
	tests/unit/test_cpu_util.c,octet-cpu,-lcmocka -lpthread -lm,tsan))
$(eval $(call program,build/tests/tsan/cpu_run,tests/unit/test_cpu_run.c $(tsan_common),\
	octet-cpu,-lcmocka -lpthread -lm,tsan))
build/tests/cpu_tsan: build/tests/tsan/cpu_threads build/tests/tsan/cpu_run

# For make bench: eight bits against float32.
$(eval $(call program,build/bin/int8_float,tests/bench/int8_float.c,tests $(lib_archives),\
	$(lib_libs) -lXNNPACK))
# And several threads against one.
$(eval $(call program,build/bin/bench_threads,tests/bench/threads.c,$(lib_archives),$(lib_libs)))
cflags_tests/bench/threads.c := -D_GNU_SOURCE
cflags_tests/bench := -Itests/lib -Iuserspace/lib

# The device in the guest against the fallback on the host: tests/bench/device.
$(eval $(call program,build/tests/guest/speed,tests/bench/speed.c \
	$(addprefix tests/bench/peers/,octet.c ops.c),$(lib_archives),$(lib_libs)))

# Against other people's libraries.
$(eval $(call program,build/tests/oracles/xnnpack,tests/oracles/xnnpack.c,tests $(lib_archives),\
	$(test_libs) -lXNNPACK))

# TFLite comes with a C library of its own and is no program of this build: the script
# builds it where the packages can be had, and says why where not.
$(eval $(call program,build/bin/tflite_cases,tests/tools/tflite_cases.c,tests $(lib_archives),\
	$(lib_libs)))
test_dir_oracles := build/tests/oracles
$(eval $(call test_script,tests/oracles/tflite.sh))
build/tests/oracles/tflite: build/bin/tflite_cases

# Small networks as files, for the tests of the program.
$(eval $(call program,build/bin/small_models,tests/tools/small_models.c,tests $(lib_archives),\
	$(lib_libs)))
build/tests/cli_models build/tests/cli_quantize: build/bin/small_models

# Public models: on the host by tests/models/run, in the guest by cases/models.sh.
$(eval $(call program,build/tests/guest/models,tests/models/public.c,$(lib_archives),$(lib_libs)))

# The library's own allocations are counted, see tests/unit/test_alloc.c, or fail.
build/tests/alloc: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
build/tests/tflite_alloc: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free

# The machine core, the fallback and the tool's generator in one program.
refusals := $(addprefix tests/conformance/,refusals.c mutate.c)
$(foreach f,$(refusals),$(eval cflags_$(f) := -Ihw-model/core -Iuserspace/tools))
$(eval $(call program,build/tests/conformance/refusals,$(refusals) tests/unit/core_fake_host.c \
	$(wildcard userspace/tools/randop*.c) userspace/tools/common.c,$(lib_archives),$(lib_libs) -ljson-c))
$(eval $(call program,build/tests/asan/refusals,$(refusals) tests/unit/core_fake_host.c \
	$(wildcard userspace/tools/randop*.c) userspace/tools/common.c,$(lib_archives),$(lib_libs) -ljson-c,asan))

include tests/guest/build.mk tests/fuzz/build.mk

# Cycle counts of a job given as JSON, for people and for the timing's test.
$(eval $(call program,build/bin/cycles_job,tests/tools/cycles_job.c,octet-core,-ljson-c -lpthread))
build/tests/timing/oracle: build/bin/cycles_job

# What the planner makes of well-known networks, for people and for the timing's test.
$(eval $(call program,build/bin/plan_nets,tests/tools/plan_nets.c,octet octet-core,-lpthread -lm))
build/tests/timing/plan: build/bin/plan_nets
