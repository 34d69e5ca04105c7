// SPDX-License-Identifier: Apache-2.0
// The program behind sample.dmp: an order desk whose third order names an article nobody entered, so that
// ReadPrice() follows a null pointer. No C runtime: `k` shows this program and the loader, nothing else.
// The three functions on the way to the fault are exported so that their names show without the PDB.
typedef unsigned int u32;
typedef const unsigned short *wstr; // UTF-16; the Windows headers are not needed for six functions

#define IMPORT __declspec(dllimport)
#define EXPORT __declspec(dllexport) __attribute__((noinline))

IMPORT void *CreateThread(void *attr, unsigned long long stack, u32 (*start)(void *), void *arg, u32 flags, u32 *id);
IMPORT void *CreateEventW(void *attr, int manual, int set, wstr name);
IMPORT u32 WaitForSingleObject(void *handle, u32 ms);
IMPORT int SetThreadDescription(void *thread, wstr text);
IMPORT void Sleep(u32 ms);
IMPORT void ExitProcess(u32 code);

enum { FOREVER = 0xffffffff, BOOT_MS = 200 };

struct article {
	const char *name;
	u32 stock;
	u32 weight_g;
	u32 price_cents; // 10h: the address the fault reports
};

struct order {
	u32 id;
	u32 quantity;
	const struct article *article;
};

static const struct article pencil = { "pencil", 1200, 8, 120 };
static const struct article eraser = { "eraser", 340, 21, 95 };

static struct order orders[] = {
	{ 1001, 12, &pencil },
	{ 1002, 3, &eraser },
	{ 1003, 7, 0 },
	{ 1004, 1, &pencil },
};
static volatile u32 total_cents;
static void *audit_event;

EXPORT u32 ReadPrice(const struct article *article);
EXPORT u32 PriceItem(const struct order *order);
EXPORT u32 ProcessOrders(struct order *list, u32 count);
EXPORT u32 AuditThread(void *arg);

// First in the image: a debugger without the PDB then shows nullderef+0x..., not a neighbour's name.
void start(void)
{
	audit_event = CreateEventW(0, 1, 0, 0);
	void *thread = CreateThread(0, 0, AuditThread, audit_event, 0, 0);
	SetThreadDescription(thread, u"audit");
	Sleep(BOOT_MS); // lets the audit thread reach its wait, so that every dump shows the same picture
	u32 sum = ProcessOrders(orders, sizeof orders / sizeof orders[0]);
	ExitProcess(sum ? 0 : 1);
}

u32 ReadPrice(const struct article *article)
{
	volatile u32 price = article->price_cents;
	return price;
}

u32 PriceItem(const struct order *order)
{
	u32 price = ReadPrice(order->article);
	return price * order->quantity;
}

u32 ProcessOrders(struct order *list, u32 count)
{
	u32 sum = 0;
	for (u32 i = 0; i < count; i++) {
		sum += PriceItem(&list[i]);
		total_cents = sum;
	}
	return sum;
}

u32 AuditThread(void *arg)
{
	u32 why = WaitForSingleObject(arg, FOREVER);
	total_cents = 0;
	return why;
}
