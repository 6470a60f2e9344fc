# SPDX-License-Identifier: MIT
# Programs that run in the guest: programs/NAME.c -> build/tests/guest/NAME. The
# runner puts them into the guest's /bin; nothing runs them on the host.
cflags_tests/guest/programs := -D_GNU_SOURCE $(drm_cflags)
$(foreach p,$(wildcard tests/guest/programs/*.c),$(eval $(call program,\
	build/tests/guest/$(basename $(notdir $(p))),$(p),,-pthread -ldrm)))
guest_files = $(filter build/tests/guest/%,$(test_files))

# Failing allocations for the stock kernel, see tests/guest/cases/fail-nth.sh.
build/fail_nth/fail_nth.ko: tests/guest/fail_nth/fail_nth.c tests/guest/fail_nth/Kbuild
	@mkdir -p $(@D) build/log
	$(call say,KBUILD,$@)
	@cp $^ $(@D)/
	$(Q)+$(MAKE) -C $(KDIR) M=$(abspath $(@D)) modules >build/log/fail_nth.log 2>&1 || \
		{ cat build/log/fail_nth.log; exit 1; }
	@touch $@
