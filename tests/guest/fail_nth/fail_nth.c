// SPDX-License-Identifier: GPL-2.0-only
/*
 * What CONFIG_FAULT_INJECTION's /proc/thread-self/fail-nth does, for a distribution's
 * kernel, which has none: a number N written to debugfs octet-fail-nth lets the N-th
 * allocation of the writer fail; reading gives what is left of it, 0 when it happened.
 * One task at a time, on x86 and Linux 6.12, whose allocators it knows by name.
 */
#include <linux/debugfs.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/objtool.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

static struct task_struct *fail_task;
static unsigned int fail_left;
static bool fail_held;
static struct dentry *fail_file;

/* Where an allocator that fails goes on: back to its caller. */
asmlinkage void fail_return(void);
asm(".pushsection .text\n"
	".type fail_return, @function\n"
	"fail_return:\n"
	ANNOTATE_NOENDBR
	ASM_RET
	".size fail_return, .-fail_return\n"
	".popsection\n");

static int fail_nth(struct pt_regs *regs, gfp_t gfp)
{
	if (!in_task() || current != fail_task || !fail_left || fail_held || gfp & __GFP_NOFAIL)
		return 0;
	if (--fail_left)
		return 0;
	regs->ax = 0;
	regs->ip = (unsigned long)fail_return;
	return 1;
}

static int fail_gfp_first(struct kprobe *p, struct pt_regs *regs)
{
	return fail_nth(regs, regs->di);
}

static int fail_gfp_second(struct kprobe *p, struct pt_regs *regs)
{
	return fail_nth(regs, regs->si);
}

static int fail_gfp_third(struct kprobe *p, struct pt_regs *regs)
{
	return fail_nth(regs, regs->dx);
}

static struct kprobe fail_probes[] = {
	{ .symbol_name = "__alloc_pages_noprof", .pre_handler = fail_gfp_first },
	{ .symbol_name = "__kmalloc_noprof", .pre_handler = fail_gfp_second },
	{ .symbol_name = "__kmalloc_cache_noprof", .pre_handler = fail_gfp_second },
	{ .symbol_name = "__kmalloc_cache_node_noprof", .pre_handler = fail_gfp_second },
	{ .symbol_name = "kmem_cache_alloc_noprof", .pre_handler = fail_gfp_second },
	{ .symbol_name = "kmem_cache_alloc_node_noprof", .pre_handler = fail_gfp_second },
	{ .symbol_name = "kmem_cache_alloc_lru_noprof", .pre_handler = fail_gfp_third },
	{ .symbol_name = "__kmalloc_node_noprof", .pre_handler = fail_gfp_third },
	{ .symbol_name = "__kmalloc_node_track_caller_noprof", .pre_handler = fail_gfp_third },
};

/*
 * drm_minor_alloc() of Linux 6.12 and of 7.2 gives its error path what this function
 * returns as if it were a device, and crashes: nothing fails in there.
 */
static int fail_hold(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	fail_held = current == fail_task;
	return 0;
}

static int fail_release(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	fail_held = false;
	return 0;
}

static struct kretprobe fail_spared = {
	.kp.symbol_name = "drm_sysfs_minor_alloc",
	.entry_handler = fail_hold,
	.handler = fail_release,
	.maxactive = 8,
};

static ssize_t fail_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	unsigned int nth;
	int ret = kstrtouint_from_user(buf, count, 10, &nth);

	if (ret)
		return ret;
	fail_task = current;
	fail_left = nth;
	return count;
}

static ssize_t fail_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	char text[16];
	int len = scnprintf(text, sizeof(text), "%u\n", fail_left);

	fail_left = 0;
	return simple_read_from_buffer(buf, count, pos, text, len);
}

static const struct file_operations fail_fops = {
	.owner = THIS_MODULE,
	.read = fail_read,
	.write = fail_write,
	.llseek = default_llseek,
};

static int __init fail_init(void)
{
	int i, ret = register_kretprobe(&fail_spared);

	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(fail_probes); i++) {
		ret = register_kprobe(&fail_probes[i]);
		if (ret) {
			pr_err("fail_nth: %s: %d\n", fail_probes[i].symbol_name, ret);
			while (i--)
				unregister_kprobe(&fail_probes[i]);
			unregister_kretprobe(&fail_spared);
			return ret;
		}
	}
	fail_file = debugfs_create_file("octet-fail-nth", 0600, NULL, NULL, &fail_fops);
	return 0;
}

static void __exit fail_exit(void)
{
	int i;

	debugfs_remove(fail_file);
	unregister_kretprobe(&fail_spared);
	for (i = 0; i < ARRAY_SIZE(fail_probes); i++)
		unregister_kprobe(&fail_probes[i]);
}

module_init(fail_init);
module_exit(fail_exit);
MODULE_DESCRIPTION("Allocations that fail on purpose");
MODULE_LICENSE("GPL");
