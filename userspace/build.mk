# SPDX-License-Identifier: MIT
# The library, the octet program, the examples.

drm_cflags := $(shell pkg-config --cflags libdrm 2>/dev/null)
lib_libs := -ldrm -lpthread -lm

# Public calls are those of octet.h alone, in every flavour.
cflags_userspace/lib := -fvisibility=hidden
cflags_userspace/lib/backend := -Ihw-model $(drm_cflags)
cflags_userspace/lib/plan_lines.c := -Ihw-model
# Floats decide bits here: no contraction, on any machine.
cflags_userspace/lib/quant := -ffp-contract=off
cflags_userspace/lib/quantize := -ffp-contract=off -D_GNU_SOURCE
cflags_userspace/lib/cmd := -ffp-contract=off
cflags_userspace/lib/tables := -ffp-contract=off
cflags_userspace/lib/host := -ffp-contract=off
# Loops over channels become vectors, also where their length is not known.
cflags_userspace/lib/float := -ffp-contract=off -fvect-cost-model=dynamic
cflags_userspace/lib/float/gemm_avx2.c := -mavx2
cflags_userspace/lib/float/gemm_avx512.c := -mavx512f
cflags_userspace/lib/lower := -ffp-contract=off
# Predicted cycles are those of the machine's own timing.
cflags_userspace/lib/plan := -Ihw-model
cflags_userspace/lib/cpu := -ffp-contract=off

lib_folders := quant quantize cmd backend model tflite tables lower plan host float
lib_sources := $(wildcard userspace/lib/*.c $(foreach d,$(lib_folders),userspace/lib/$(d)/*.c))
$(eval $(call archive,octet,$(lib_sources)))

# The CPU fallback stands alone: tests/unit/includes.sh checks that it has
# nothing of hw-model. Wider instructions by the name of the file; no FMA.
cpu_sources := $(wildcard userspace/lib/cpu/*.c)
$(foreach f,$(filter %_avx2.c,$(cpu_sources)),$(eval cflags_$(f) := -mavx2))
$(foreach f,$(filter %_avx512vnni.c,$(cpu_sources)),$(eval cflags_$(f) := \
	-mavx512f -mavx512bw -mavx512vl -mavx512vnni))
$(foreach f,$(filter %_amx.c,$(cpu_sources)),$(eval cflags_$(f) := -mamx-tile -mamx-int8))
$(eval $(call archive,octet-cpu,$(cpu_sources)))

lib_archives := octet octet-cpu octet-core
$(eval $(call shared,octet,0,userspace/lib/liboctet.map,$(lib_archives),$(lib_libs)))

# The build itself refuses a fallback that leans on what it shall prove.
build/obj/cpu-alone: tests/unit/includes.sh $(foreach n,octet-cpu octet-core,build/obj/pic/lib$(n).a)
	$(call say,CHECK,userspace/lib/cpu has nothing of hw-model)
	$(Q)sh $< >$@.log && mv $@.log $@
all_files += build/obj/cpu-alone

# Static: the three in one file.
build/lib/liboctet.a: $(foreach n,$(lib_archives),build/obj/pic/lib$(n).a)
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)rm -f $@ && { echo create $@; for a in $^; do echo addlib $$a; done; \
		echo save; echo end; } | $(AR) -M

lib_version := $(shell awk '/define OCTET_VERSION_(MAJOR|MINOR|PATCH)/ { v = v s $$3; s = "." } \
	END { print v }' userspace/include/octet.h)
# The prefix may be another one each time.
build/lib/liboctet.pc: userspace/liboctet.pc.in FORCE
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(lib_version)|' $< >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
all_files += build/lib/liboctet.a build/lib/liboctet.pc

cflags_userspace/tools := -Iuserspace/tools
$(eval $(call program,build/bin/octet,$(wildcard userspace/tools/*.c),$(lib_archives),\
	$(lib_libs) -ljson-c -lstb))

# Examples: one file each, but for the digits, whose floats must not contract.
cflags_userspace/examples := -Iuserspace/examples -ffp-contract=off
examples := hello_gemm mac1d run_model
digits_common := $(addprefix userspace/examples/,digits_model.c digits_forward.c digits/data.c)
digits_demo := $(addprefix userspace/examples/digits/,demo.c report.c qmodel.c qnet.c)
digits_train := $(addprefix userspace/examples/digits/,net.c distort.c)
train_sources := $(digits_common) $(digits_train) userspace/examples/train_digits.c
qat_sources := $(digits_common) $(digits_train) $(wildcard userspace/examples/digits/qat_*.c) \
	$(addprefix userspace/examples/,digits/qmodel.c digits/qnet.c qat_digits.c)
$(eval $(call program,build/bin/train_digits,$(train_sources),,-lm))
$(eval $(call program,build/bin/digits_demo,$(digits_common) $(digits_demo),$(lib_archives),\
	$(lib_libs)))
$(eval $(call program,build/bin/qat_digits,$(qat_sources),$(lib_archives),$(lib_libs)))
$(foreach e,$(examples),$(eval $(call program,build/bin/$(e),userspace/examples/$(e).c,\
	$(lib_archives),$(lib_libs))))

# What the digits demo runs on: real images, and a float network trained on them.
demo_data := build/data/digits.csv build/data/digits.f32
build/data/digits.csv: userspace/examples/fetch-digits.sh
	$(call say,FETCH,$@)
	$(Q)mkdir -p $(@D) && sh $< $@ && touch $@
# Trained again for other sources, not for the same ones built once more.
build/data/digits.f32: $(train_sources) build/data/digits.csv | build/bin/train_digits
	$(call say,TRAIN,$@)
	$(Q)build/bin/train_digits --data build/data/digits.csv --out $@

installs += $(foreach h,octet octet_quant octet_model octet_quantize,userspace/include/$(h).h:include:644)
installs += uapi/drm/octet_isa.h:include/drm:644 uapi/drm/octet_accel.h:include/drm:644
installs += build/lib/liboctet.so.0:lib:755 build/lib/liboctet.so:lib:755
installs += build/lib/liboctet.a:lib:644 build/lib/liboctet.pc:lib/pkgconfig:644
installs += build/bin/octet:bin:755
