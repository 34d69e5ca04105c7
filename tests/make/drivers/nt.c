// SPDX-License-Identifier: Apache-2.0
// A kernel of a few functions, for stacks that a processor really made. Its functions have the names that those of
// Windows have in the same place of a stack; what they do is only to call one another. Entries: nt_x64.s, nt_x86.s.
#define EXPORT   __declspec(dllexport)
#define NOINLINE __attribute__((noinline))
typedef unsigned long long u64;
typedef int (*routine)(void *context, u64 value);

extern void KiSwapContext(void *thread);
volatile u64 KiTicks;

struct work {
	routine start;
	void *context;
};

NOINLINE int IopProcessWorkItem(struct work *w)
{
	volatile char room[72];
	room[KiTicks & 7] = 1;
	int r = w->start(w->context, KiTicks);
	KiTicks += (u64)r + (u64)room[1];
	return r;
}

NOINLINE int ExpWorkerThread(struct work *w)
{
	u64 n = KiTicks;
	int r = IopProcessWorkItem(w);
	return r + (int)(n ^ KiTicks);
}

NOINLINE void PspSystemThreadStartup(struct work *w)
{
	KiTicks = (u64)ExpWorkerThread(w);
}

// ---- interrupts
NOINLINE int KiScanInterruptObjectList(struct work *w)
{
	volatile u64 room[5];
	room[KiTicks & 3] = KiTicks;
	return w->start(w->context, room[1]) + (int)room[2];
}

NOINLINE int KiInterruptSubDispatch(struct work *w)
{
	int r = KiScanInterruptObjectList(w);
	KiTicks++;
	return r;
}

// ---- deferred procedure calls
NOINLINE int KiExecuteAllDpcs(struct work *w, u64 n)
{
	volatile u64 room[20];
	int r = 0;
	for (u64 i = 0; i <= (n & 1); i++) {
		room[i] = n;
		r += w->start(w->context, room[0] + i);
	}
	return r;
}

NOINLINE int KiRetireDpcList(struct work *w)
{
	int r = KiExecuteAllDpcs(w, KiTicks & 6);
	KiTicks--;
	return r;
}

// ---- system calls and waits
NOINLINE int IopXxxControlFile(struct work *w, u64 code)
{
	volatile u64 room[12];
	room[code & 7] = code;
	return w->start(w->context, room[3]) + (int)KiTicks;
}

NOINLINE int NtDeviceIoControlFile(struct work *w, u64 code)
{
	int r = IopXxxControlFile(w, code);
	KiTicks += (u64)r;
	return r;
}

NOINLINE int KiSwapThread(void *thread)
{
	u64 n = KiTicks;
	KiSwapContext(thread);
	return (int)(KiTicks - n);
}

EXPORT NOINLINE int KeWaitForSingleObject(void *object, u64 reason)
{
	volatile u64 room[9];
	room[reason & 3] = reason;
	int r = KiSwapThread(object);
	return r + (int)room[2];
}
