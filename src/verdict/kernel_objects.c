// SPDX-License-Identifier: Apache-2.0
// kernel_objects.c: the few kernel objects that bug checks point to. IRP, IO_STACK_LOCATION, DEVICE_OBJECT and
// DRIVER_OBJECT are public (wdm.h), and drivers are built against them: they do not change. EPROCESS does: win/layout.h
// finds its fields.
#include "target/kernel.h"
#include "verdict/kernel_int.h"

#include <string.h>

enum { TYPE_IRP = 6, TYPE_DEVICE = 3, TYPE_DRIVER = 4 };

// ---- devices and requests
struct layout {
	uint8_t irp_location, io_device, device_driver, device_attached, driver_start, driver_size;
};
static const struct layout layout64 = { 0xb8, 0x28, 0x08, 0x18, 0x18, 0x20 };
static const struct layout layout32 = { 0x60, 0x14, 0x08, 0x10, 0x0c, 0x10 };

static const struct layout *layout(const struct session *s)
{
	return s->target->ptr_bytes == 8 ? &layout64 : &layout32;
}

static bool pointer_at(struct session *s, va_t at, uint64_t *ret)
{
	return space_ptr(s->target->space, at, s->target->ptr_bytes, ret) && *ret;
}

static bool has_type(struct session *s, va_t object, uint16_t type)
{
	uint16_t got;
	return object && space_u16(s->target->space, object, &got) && got == type;
}

const struct module *kernel_driver_module(struct session *s, va_t driver)
{
	uint64_t start;
	if (!has_type(s, driver, TYPE_DRIVER) || !pointer_at(s, driver + layout(s)->driver_start, &start))
		return NULL;
	return target_module_at(s->target, start);
}

const struct module *kernel_device_driver(struct session *s, va_t device, va_t *object_ret)
{
	uint64_t driver;
	if (object_ret)
		*object_ret = 0;
	if (!has_type(s, device, TYPE_DEVICE) || !pointer_at(s, device + layout(s)->device_driver, &driver))
		return NULL;
	if (object_ret)
		*object_ret = driver;
	return kernel_driver_module(s, driver);
}

va_t kernel_irp_device(struct session *s, va_t irp)
{
	uint64_t location, device;
	if (!has_type(s, irp, TYPE_IRP) || !pointer_at(s, irp + layout(s)->irp_location, &location) ||
	    !pointer_at(s, location + layout(s)->io_device, &device))
		return 0;
	return device;
}

// ---- the processor
const char *kernel_cpu_vendor(struct session *s)
{
	enum { VENDOR_BYTES = 12 };
	struct target *t = s->target;
	const struct kernel *k = t->kernel;
	char text[VENDOR_BYTES + 1] = { 0 };
	uint64_t off = kernel_kdbg(k, KDBG_PRCB_VENDOR_OFF, 2);
	const struct dump_triage *tr = k->facts->triage;
	va_t prcb = k->current < k->n_processors ? k->processors[k->current].prcb : 0;
	if (!off)
		return NULL;
	if (!prcb || !space_read_all(t->space, prcb + off, text, VENDOR_BYTES)) {
		struct span copy = tr ? span_sub(tr->prcb.bytes, off, VENDOR_BYTES) : (struct span){ NULL, 0 };
		if (!copy.n)
			return NULL;
		memcpy(text, copy.p, copy.n);
	}
	for (size_t i = 0; i < VENDOR_BYTES; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return NULL;
	return arena_strdup(s->arena, text);
}
