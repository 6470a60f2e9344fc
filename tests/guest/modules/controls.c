// SPDX-License-Identifier: GPL-2.0-only
/*
 * Positive controls of the debug kernel: "insmod controls.ko what=NAME" makes
 * the mistake of that name, once, and then refuses to be loaded.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/timer.h>

static char *what = "";
module_param(what, charp, 0);
MODULE_PARM_DESC(what, "the mistake to make");

static void *sink;

/* Many: a stale pointer on a stack hides the last one. */
static void control_leak(void)
{
	int i;

	for (i = 0; i < 50; i++)
		WRITE_ONCE(sink, kmalloc(200, GFP_KERNEL));
	WRITE_ONCE(sink, NULL);
}

static void control_kasan(void)
{
	char *p = kmalloc(64, GFP_KERNEL);

	WRITE_ONCE(sink, p);
	kfree(p);
	p = READ_ONCE(sink);
	if (READ_ONCE(p[7]) == 1)
		pr_info("one\n");
}

static void control_ubsan(void)
{
	int by = 31;

	OPTIMIZER_HIDE_VAR(by);
	pr_info("%d\n", 1 << (by + 9));
}

static void control_refcount(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
}

static void control_list(void)
{
	struct list_head head, a, b;

	INIT_LIST_HEAD(&head);
	list_add(&a, &head);
	a.next = &b;
	list_del(&a);
}

static void control_timer(struct timer_list *timer)
{
}

static void control_odebug(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, control_timer, 0);
	mod_timer(timer, jiffies + 100 * HZ);
	kfree(timer);
}

static void control_dma(void)
{
	struct pci_dev *pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, NULL);

	if (!pdev)
		return;
	dma_unmap_single(&pdev->dev, 0x123000, 4096, DMA_TO_DEVICE);
	pci_dev_put(pdev);
}

static void control_sleep(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
}

static void control_atomic(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	schedule();
	spin_unlock(&lock);
}

static void control_rcu(void)
{
	static void __rcu *pointer;

	WRITE_ONCE(sink, rcu_dereference(pointer));
}

static void control_lockdep(void)
{
	static DEFINE_MUTEX(a);
	static DEFINE_MUTEX(b);

	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);
	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
}

static void control_hung(void)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_timeout(12 * HZ);
}

static const struct {
	const char *name;
	void (*make)(void);
} controls[] = {
	{ "leak", control_leak },
	{ "kasan", control_kasan },
	{ "ubsan", control_ubsan },
	{ "refcount", control_refcount },
	{ "list", control_list },
	{ "odebug", control_odebug },
	{ "dma", control_dma },
	{ "sleep", control_sleep },
	{ "atomic", control_atomic },
	{ "rcu", control_rcu },
	{ "lockdep", control_lockdep },
	{ "hung", control_hung },
};

static int __init controls_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(controls); i++) {
		if (strcmp(controls[i].name, what))
			continue;
		controls[i].make();
		return -ECANCELED;
	}
	return -EINVAL;
}
module_init(controls_init);

MODULE_DESCRIPTION("Positive controls of the guest tests");
MODULE_LICENSE("GPL");
