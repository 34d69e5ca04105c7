// SPDX-License-Identifier: Apache-2.0
// sandbox.c: resource limits and a seccomp filter (Linux: Documentation/userspace-api/seccomp_filter.rst). Strict mode
// would be simpler but forbids memory allocation.
#include "helper/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

// The sanitizers' own memory, threads and reports do not fit in here.
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#if defined(__x86_64__)
#define HOST_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define HOST_ARCH AUDIT_ARCH_AARCH64
#endif

static void limit(__rlimit_resource_t what, uint64_t value)
{
	struct rlimit r;
	if (getrlimit(what, &r) != 0)
		return;
	r.rlim_max = MIN(r.rlim_max, (rlim_t)value);
	r.rlim_cur = r.rlim_max;
	setrlimit(what, &r);
}

#ifdef HOST_ARCH
// Memory, the open descriptors, and the end. A refused call fails with EPERM: libraries expect that calls can fail.
static const unsigned allowed[] = {
	__NR_read,     __NR_write,  __NR_pread64,    __NR_lseek,        __NR_close,          __NR_fstat,
	__NR_fstatfs,  __NR_brk,    __NR_munmap,     __NR_mremap,       __NR_madvise,        __NR_futex,
	__NR_sendfile, __NR_exit,   __NR_exit_group, __NR_ftruncate,    __NR_clock_gettime,  __NR_getrandom,
	__NR_getpid,   __NR_gettid, __NR_tgkill,     __NR_rt_sigreturn, __NR_rt_sigprocmask, __NR_writev,
};
static const unsigned allowed_unless_exec[] = { __NR_mmap, __NR_mprotect };

static void filter_calls(void)
{
	enum { LOW = offsetof(struct seccomp_data, args[2]) }; // both CPUs are little-endian: the low half comes first
	struct sock_filter prog[8 + 2 * ARRAY_LEN(allowed) + 5 * ARRAY_LEN(allowed_unless_exec)];
	unsigned short n = 0;
	const unsigned refuse = SECCOMP_RET_ERRNO | EPERM;
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, HOST_ARCH, 1, 0);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ARRAY_LEN(allowed_unless_exec); i++) {
		prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed_unless_exec[i], 0, 4);
		prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, LOW);
		prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
		prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, refuse);
		prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
		prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
		prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, refuse);
	struct sock_fprog all = { n, prog };
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all);
}
#endif

void sandbox_enter(uint64_t memory, uint64_t file_size)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	limit(RLIMIT_CORE, 0);
	signal(SIGXFSZ, SIG_IGN); // so that the write fails and the reason can be told
	limit(RLIMIT_FSIZE, file_size);
	if (SANITIZED)
		return;
	limit(RLIMIT_DATA, memory);
	limit(RLIMIT_NOFILE, 0);
	limit(RLIMIT_NPROC, 0);
#ifdef HOST_ARCH
	filter_calls();
#endif
}
