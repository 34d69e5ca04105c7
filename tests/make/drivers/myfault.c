// SPDX-License-Identifier: Apache-2.0
// A driver that does what its context says: touches what is not there, works until it is interrupted, stops the
// system, waits, or calls itself without an end.
#define EXPORT   __declspec(dllexport)
#define NOINLINE __attribute__((noinline))
typedef unsigned long long u64;

__declspec(dllimport) void KeBugCheckEx(u64 code, u64 p1, u64 p2, u64 p3, u64 p4);
__declspec(dllimport) int KeWaitForSingleObject(void *object, u64 reason);

struct device {
	volatile int *registers;
	u64 count;
	volatile u64 sum;
};

NOINLINE static int ReadRegister(struct device *d, u64 n)
{
	return d->registers[n] + 1;
}

NOINLINE static int ReadBlock(struct device *d, u64 n)
{
	volatile int block[24];
	for (u64 i = 0; i < 4; i++)
		block[(n + i) & 15] = ReadRegister(d, i);
	return block[3] + block[2];
}

NOINLINE static int Work(struct device *d, u64 n)
{
	u64 before = d->sum;
	for (u64 i = 0; i < 100; i++)
		d->sum += i * n ^ before;
	return (int)d->sum;
}

NOINLINE static int Descend(struct device *d, u64 n)
{
	volatile u64 room[100];
	room[n & 63] = n;
	return Descend(d, n + room[n & 63] + 1) + (int)room[(n + 1) & 63];
}

EXPORT int FaultRoutine(struct device *d, u64 n)
{
	int r = ReadBlock(d, n);
	d->count++;
	return r;
}

EXPORT int BusyRoutine(struct device *d, u64 n)
{
	int r = Work(d, n);
	return r + Work(d, n + 1);
}

EXPORT int RecursiveRoutine(struct device *d, u64 n)
{
	return Descend(d, n) + 1;
}

EXPORT int WaitRoutine(struct device *d, u64 n)
{
	int r = KeWaitForSingleObject(d, n);
	return r + (int)d->count;
}

EXPORT int StopRoutine(struct device *d, u64 n)
{
	volatile u64 room[6];
	room[n & 3] = d->count;
	KeBugCheckEx(0x133, 1, 0x1e00, room[1], (u64)d->count);
	return (int)room[0];
}
