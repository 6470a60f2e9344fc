# SPDX-License-Identifier: MIT
# Octet's build: one graph. Conventions for the build.mk files it includes:
#   $(eval $(call archive,NAME,SOURCES)) objects to link: lib NAME, every flavour
#   $(eval $(call program,FILE,SOURCES,NAMES,LIBS[,FLAVOUR]))
#	FILE as build/bin/octet, build/tests/quant, build/tests/asan/quant;
#	NAMES are archives, in link order; FLAVOUR is opt (the default), pic,
#	asan, tsan. Whatever lies in build/tests/ is a test: `make check` runs it.
#   $(eval $(call shared,NAME,MAJOR,MAP,NAMES,LIBS)) build/lib/libNAME.so: all of
#	the first archive, of the others what it needs, in flavour pic
#   cflags_DIR, cflags_FILE.c	more flags, below a folder or for one file:
#	cflags_userspace/lib := -Iuserspace/lib
#   all_files += FILE		whatever else `make all` builds
#   installs += FILE:DIR:MODE	below PREFIX, as build/bin/octet:bin:755
# Paths are relative to the top. SOURCES are .c files, for instance $(wildcard).
# An undefined archive is an error of make: "No rule to make target".

MAKEFLAGS += --no-builtin-rules
# All processors, unless told.
ifeq ($(MAKELEVEL)$(findstring -j,$(shell ps -o args= -p $$PPID 2>/dev/null)),0)
MAKEFLAGS += -j$(shell nproc)
endif
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

CC ?= cc
ifeq ($(origin CC),default)
CC := cc
endif
AR ?= ar
PREFIX ?= /usr/local
OPT ?= -O2 -g
cache := $(or $(OCTET_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/octet)

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-8s %s\n' '$(1)' '$(2)')

flavours := opt pic asan tsan
cflags_base := -std=gnu11 $(OPT) -Wall -Wextra -Werror -MMD -MP \
	-Iuapi -Idriver -Iuserspace/include
cflags_pic := -fPIC -fvisibility=hidden
cflags_asan := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
cflags_tsan := -O1 -fno-omit-frame-pointer -fsanitize=thread
ldflags_tsan := -fsanitize=thread
ldflags_asan := -fsanitize=address,undefined
cflags_hw-model/core := -std=c11 -pedantic

all_files :=
test_files :=
objects :=
installs :=

# a/b/c.c: a a/b a/b/c.c
parents = $(if $(filter-out ./,$(dir $(1))),$(call \
	parents,$(patsubst %/,%,$(dir $(1))))) $(1)
file_flags = $(foreach p,$(call parents,$(1)),$(cflags_$(p)))
objs = $(patsubst %.c,build/obj/$(1)/%.o,$(2))
libs_of = $(foreach n,$(2),build/obj/$(1)/lib$(n).a)

# Objects are built again when the compiler or the common flags change.
define flavour_rules
build/obj/$(1)/flags: FORCE
	@mkdir -p $$(@D)
	@echo '$$(CC) $$(CFLAGS) $$(cflags_base) $$(cflags_$(1))' | \
		cmp -s - $$@ || \
		echo '$$(CC) $$(CFLAGS) $$(cflags_base) $$(cflags_$(1))' >$$@

build/obj/$(1)/%.o: %.c build/obj/$(1)/flags
	@mkdir -p $$(@D)
	$$(call say,CC,$$<$(if $(filter opt,$(1)),, ($(1))))
	$$(Q)$$(CC) $$(cflags_base) $$(cflags_$(1)) $$(call file_flags,$$<) \
		$$(CFLAGS) -c -o $$@ $$<
endef
$(foreach f,$(flavours),$(eval $(call flavour_rules,$(f))))

define archive_flavour
objects += $$(call objs,$(3),$(2))
build/obj/$(3)/lib$(1).a: $$(call objs,$(3),$(2)) build/obj/lib$(1).list
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$(filter %.o,$$^)
endef
# The list notices a source that has gone.
define archive
build/obj/lib$(1).list: FORCE
	@mkdir -p $$(@D)
	@echo '$(strip $(2))' | cmp -s - $$@ || echo '$(strip $(2))' >$$@
$(foreach f,$(flavours),$(eval $(call archive_flavour,$(1),$(2),$(f))))
endef

define program
$(if $(filter build/tests/%,$(1)),test_files,all_files) += $(1)
objects += $$(call objs,$$(or $(5),opt),$(2))
$(1): $$(call objs,$$(or $(5),opt),$(2)) $$(call libs_of,$$(or $(5),opt),$(3))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(ldflags_$$(or $(5),opt)) $$(LDFLAGS) -o $$@ $$^ $(4)
endef

define shared
all_files += build/lib/lib$(1).so
build/lib/lib$(1).so.$(2): $$(call libs_of,pic,$(4)) $(3)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) -shared -Wl,-soname,lib$(1).so.$(2) -Wl,-z,defs \
		-Wl,--version-script,$(3) $$(LDFLAGS) -o $$@ -Wl,--whole-archive \
		$$(call libs_of,pic,$$(firstword $(4))) -Wl,--no-whole-archive \
		$$(call libs_of,pic,$$(wordlist 2,99,$(4))) $(5)
build/lib/lib$(1).so: build/lib/lib$(1).so.$(2)
	@ln -sf $$(<F) $$@
	@touch -h $$@
endef

-include hw-model/build.mk userspace/build.mk tests/build.mk

# The module. 6.12's kbuild writes external modules beside their sources, so
# they are built in a folder of links, one per kernel release.
KDIR ?= $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) \
	$(shell ls -d /usr/src/linux-headers-*-$(shell dpkg \
	--print-architecture 2>/dev/null) 2>/dev/null | sort -rV))
release := $(shell cat '$(KDIR)/include/config/kernel.release' 2>/dev/null)
kmod := build/kmod-$(release)
kmod_src := Kbuild $(wildcard driver/* driver/tests/* uapi/drm/*)
# A kernel for testing has the driver's KUnit suites in it, and counts lines.
kmod_flags = $(if $(and $(wildcard $(KDIR)/include/config/KUNIT),$(wildcard \
	$(KDIR)/include/config/GCOV_KERNEL)),GCOV_PROFILE=y \
	CONFIG_DRM_ACCEL_OCTET_KUNIT_TEST=y \
	KCFLAGS=-DCONFIG_DRM_ACCEL_OCTET_KUNIT_TEST=1)
kmod_log = $(if $(filter 1,$(V)),,>build/log/kmod.log 2>&1 || \
	{ cat build/log/kmod.log; exit 1; })

# Kernels of one release, but another configuration.
$(kmod)/kdir: FORCE
	@mkdir -p $(kmod)
	@echo '$(realpath $(KDIR))' | cmp -s - $@ || \
		echo '$(realpath $(KDIR))' >$@

$(kmod)/driver/octet.ko: $(kmod_src) $(kmod)/kdir
	@test -n '$(release)' || { echo "modules: KDIR='$(KDIR)' is no" \
		"configured kernel tree: install the kernel's headers, or" \
		"make modules KDIR=/usr/src/linux-headers-RELEASE"; exit 1; }
	$(call say,KBUILD,$@)
	@mkdir -p $(kmod) build/log
	@find $(kmod) -type l -delete
	@cp -rsf $(abspath Kbuild driver uapi) $(kmod)/
	$(Q)+$(MAKE) -C $(KDIR) M=$(abspath $(kmod)) $(kmod_flags) \
		modules $(kmod_log)
	@touch $@

build/octet.ko: $(kmod)/driver/octet.ko build/kmod-release
	$(Q)cp $< $@
build/kmod-release: FORCE
	@mkdir -p build
	@echo '$(release)' | cmp -s - $@ || echo '$(release)' >$@

# The guest's kernel decides what the guest's module is built for.
guest_modules = +@kdir=$$(tests/guest/kernel.sh stock)/kdir && \
	$(MAKE) --no-print-directory modules build/fail_nth/fail_nth.ko KDIR=$$kdir
deps = $(if $(NO_DEPS),@:,@tests/deps.sh)

##@ use it
demo: ## install, build, boot QEMU, run the digits on the device
	$(deps)
	+@$(MAKE) --no-print-directory all qemu demo-data
	$(guest_modules)
	@tests/guest/run demo
install: lib tools ## into PREFIX (default /usr/local), DESTDIR
	@for i in $(installs); do f=$${i%%:*}; m=$${i##*:}; d=$${i%:*}; \
		d=$(DESTDIR)$(PREFIX)/$${d##*:}; \
		if [ -L $$f ]; then mkdir -p $$d && cp -d $$f $$d/; else \
		install -D -m $$m $$f $$d/$${f##*/}; fi || exit 1; \
		echo "  INSTALL  $$d/$${f##*/}"; done

##@ build
all: $(all_files) ## library, tools, examples
	@:
lib: $(filter build/lib/%,$(all_files)) ## build/lib/liboctet.so
	@:
tools: $(filter build/bin/%,$(all_files)) ## build/bin/octet and the examples
	@:
modules: build/octet.ko ## build/octet.ko for KDIR (default: this kernel)
	@:
qemu: ## QEMU with the device, into the cache; prints its path
	@hw-model/qemu/build.sh
clean: ## remove what was built, but neither data nor the cache
	@rm -rf build/obj build/bin build/lib build/tests build/kmod-* build/*.ko
distclean: ## remove build/
	@rm -rf build

##@ test
test: ## every test; T=name runs one group of tests/groups.txt
	$(deps)
	+@$(MAKE) --no-print-directory all test-programs demo-data
	$(guest_modules)
	@tests/run-all $(T)
test-full: ## make test, and what takes hours: see README.md; T=name: one group
	$(if $(NO_DEPS),@:,@DEPS_LIST=tests/fuzz/packages.txt tests/deps.sh)
	$(deps)
	+@$(MAKE) --no-print-directory all test-programs demo-data $(fuzz_files)
	$(guest_modules)
	@tests/run-all --full $(T)
check: all test-programs ## only what needs neither QEMU nor a kernel
	@tests/run-all --host $(T)
kunit: ## the driver's KUnit suites, on User Mode Linux
	$(deps)
	@tests/kunit.sh
fuzz: ## core, .tflite reader, PCI function and ioctls against random input, FUZZ_SECONDS (60) each; T=NAME: one
	$(if $(NO_DEPS),@:,@DEPS_LIST=tests/fuzz/packages.txt tests/deps.sh)
	$(deps)
	+@$(if $(filter ioctl pci,$(T)),:,$(MAKE) --no-print-directory $(fuzz_files))
	+@$(if $(filter-out ioctl,$(T)),:,$(MAKE) --no-print-directory $(guest_files) qemu)
	$(if $(filter-out ioctl,$(T)),@:,$(guest_modules))
	@T=$(T) FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run
bench: ## figures against peers, also build/*.json; T=run, device, cpu, submit, growth: one part
	$(deps)
	+@$(MAKE) --no-print-directory all qemu build/bin/int8_float \
		build/tests/guest/submit_cost build/tests/guest/scaling build/tests/guest/speed
	$(guest_modules)
	@for part in $(or $(T),run device submit growth); do tests/bench/$$part || exit; done
test-programs: $(test_files)
	@:
demo-data: $(demo_data)
	@:

##@ look
cache: ## what the cache holds: size, last use
	@echo $(cache)
	@cd $(cache) 2>/dev/null && du -sh --time --time-style=long-iso -- * || :
help: ## this text (V=1 shows commands, NO_DEPS=1 installs nothing)
	@awk '/^##@ /{print substr($$0,5)} /^[a-z-]+:.*## /{t=$$1; \
		sub(":","",t); sub(/.*## /,""); \
		printf "  make %-10s %s\n",t,$$0}' Makefile

FORCE:
.PHONY: FORCE test-full demo install all lib tools modules qemu clean distclean test \
	check kunit fuzz bench test-programs demo-data cache help

-include $(patsubst %.o,%.d,$(sort $(objects)))
