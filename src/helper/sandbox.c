// SPDX-License-Identifier: Apache-2.0
// sandbox.c: resource limits and a seccomp filter (Linux: Documentation/userspace-api/seccomp_filter.rst). Strict mode
// would be simpler but forbids memory allocation.
#include "helper/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
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
// A call, and what one of its arguments may be: that has a bit of `mask` (HAS), none of it (HAS_NOT), or is it (IS).
struct rule {
	unsigned nr;
	enum { ALWAYS, HAS, HAS_NOT, IS } when;
	unsigned arg;
	uint32_t mask;
};
enum { MMAP_PROT = 2, OPEN_FLAGS = 2 };

// Memory, the open descriptors, and the end. A refused call fails with EPERM: libraries expect that calls can fail.
static const struct rule common[] = {
	{ __NR_read },
	{ __NR_write },
	{ __NR_pread64 },
	{ __NR_lseek },
	{ __NR_close },
	{ __NR_fstat },
	{ __NR_fstatfs },
	{ __NR_brk },
	{ __NR_munmap },
	{ __NR_mremap },
	{ __NR_madvise },
	{ __NR_futex },
	{ __NR_sendfile },
	{ __NR_exit },
	{ __NR_exit_group },
	{ __NR_ftruncate },
	{ __NR_clock_gettime },
	{ __NR_getrandom },
	{ __NR_getpid },
	{ __NR_gettid },
	{ __NR_tgkill },
	{ __NR_rt_sigreturn },
	{ __NR_rt_sigprocmask },
	{ __NR_writev },
	{ __NR_mmap, HAS_NOT, MMAP_PROT, PROT_EXEC },
	{ __NR_mprotect, HAS_NOT, MMAP_PROT, PROT_EXEC },
};
// Connections, a thread for each look-up of a host's name, files for reading.
static const struct rule network[] = {
	{ __NR_socket, IS, 0, AF_INET },
	{ __NR_socket, IS, 0, AF_INET6 },
	{ __NR_socket, IS, 0, AF_NETLINK }, // getaddrinfo asks which addresses this host has
	{ __NR_socket, IS, 0, AF_UNIX },    // the name service's cache, if there is one
	{ __NR_socketpair, IS, 0, AF_UNIX },
	{ __NR_connect },
	{ __NR_bind },
	{ __NR_sendto },
	{ __NR_recvfrom },
	{ __NR_sendmsg },
	{ __NR_recvmsg },
	{ __NR_sendmmsg },
	{ __NR_getsockname },
	{ __NR_getpeername },
	{ __NR_getsockopt },
	{ __NR_setsockopt },
	{ __NR_shutdown },
	{ __NR_pipe2 },
	{ __NR_eventfd2 },
#ifdef __NR_poll
	{ __NR_poll },
#endif
	{ __NR_ppoll },
	{ __NR_fcntl },
	{ __NR_ioctl, IS, 1, FIONBIO },
	{ __NR_ioctl, IS, 1, FIONREAD },
	{ __NR_openat, HAS_NOT, OPEN_FLAGS, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC },
	{ __NR_newfstatat },
	{ __NR_readv },
	{ __NR_uname },
	{ __NR_sysinfo },
	{ __NR_getuid },
	{ __NR_geteuid },
	{ __NR_getgid },
	{ __NR_getegid },
	{ __NR_rt_sigaction },
	{ __NR_clock_nanosleep },
	{ __NR_set_robust_list },
	{ __NR_rseq },
	{ __NR_sched_yield },
	{ __NR_clone, HAS, 0, CLONE_THREAD },
};
enum { MOST_RULES = ARRAY_LEN(common) + ARRAY_LEN(network), A_RULE = 5, HEAD = 4, TAIL = 4 };

static unsigned short add_rule(struct sock_filter *p, const struct rule *r)
{
	unsigned short n = 0;
	unsigned at =
		(unsigned)offsetof(struct seccomp_data, args) + r->arg * 8; // little-endian: the low half is first
	if (r->when == ALWAYS) {
		p[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, r->nr, 0, 1);
		p[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
		return n;
	}
	p[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, r->nr, 0, 4);
	p[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at);
	uint8_t fits = r->when == HAS_NOT ? 1 : 0; // statements to pass over when the comparison holds
	p[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | (r->when == IS ? BPF_JEQ : BPF_JSET) | BPF_K, r->mask, fits,
					      !fits);
	p[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	// Another rule may be about the same call.
	p[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	return n;
}

static void filter_calls(bool with_network)
{
	struct sock_filter prog[HEAD + A_RULE * MOST_RULES + TAIL];
	unsigned short n = 0;
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, HOST_ARCH, 1, 0);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ARRAY_LEN(common); i++)
		n = (unsigned short)(n + add_rule(prog + n, &common[i]));
	for (size_t i = 0; with_network && i < ARRAY_LEN(network); i++)
		n = (unsigned short)(n + add_rule(prog + n, &network[i]));
	// Its flags lie in memory, where no filter sees them; told that there is none, the C library takes clone.
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone3, 0, 1);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	struct sock_fprog all = { n, prog };
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all);
}
#endif

static void begin(uint64_t file_size)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	limit(RLIMIT_CORE, 0);
	signal(SIGXFSZ, SIG_IGN); // so that the write fails and the reason can be told
	limit(RLIMIT_FSIZE, file_size);
}

void sandbox_enter(uint64_t memory, uint64_t file_size)
{
	begin(file_size);
	if (SANITIZED)
		return;
	limit(RLIMIT_DATA, memory);
	limit(RLIMIT_NOFILE, 0);
	limit(RLIMIT_NPROC, 0);
#ifdef HOST_ARCH
	filter_calls(false);
#endif
}

// ---- which files can be read (Linux: Documentation/userspace-api/landlock.rst)
static void may_read(int rules, const char *path)
{
	struct stat st;
	int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return;
	struct landlock_path_beneath_attr in = { .parent_fd = fd, .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE };
	if (S_ISDIR(st.st_mode))
		in.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
	syscall(__NR_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &in, 0);
	close(fd);
}

// What the resolver and the TLS library read. /etc alone is wide, but has no secrets that its reader's user can read;
// a home folder has.
static void only_settings_are_read(const char *const *paths, size_t n)
{
	static const char *const settings[] = { "/etc",
						"/usr/share/ca-certificates",
						"/usr/local/share/ca-certificates",
						"/usr/lib/ssl",
						"/run/systemd/resolve",
						"/run/resolvconf",
						"/run/NetworkManager",
						"/etc/resolv.conf", // may be a link to anywhere
						"/etc/hosts" };
	struct landlock_ruleset_attr all = { .handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1 };
	int rules = (int)syscall(__NR_landlock_create_ruleset, &all, sizeof(all.handled_access_fs), 0);
	if (rules < 0) // a kernel without it; the filter still keeps everything from being written
		return;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		may_read(rules, settings[i]);
	for (size_t i = 0; i < n; i++)
		if (paths[i])
			may_read(rules, paths[i]);
	syscall(__NR_landlock_restrict_self, rules, 0);
	close(rules);
}

void sandbox_enter_network(uint64_t memory, const char *const *read_paths, size_t n)
{
	enum { DESCRIPTORS = 128 };
	begin(0);
	if (SANITIZED)
		return;
	only_settings_are_read(read_paths, n);
	limit(RLIMIT_DATA, memory);
	limit(RLIMIT_NOFILE, DESCRIPTORS);
#ifdef HOST_ARCH
	filter_calls(true);
#endif
}
