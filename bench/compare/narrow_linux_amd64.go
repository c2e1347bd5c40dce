package main

/*
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static struct sigaction before;

// What of leaf 7 is AVX-512 or AMX: Intel's manual, volume 2, CPUID.
static void mask(uint32_t leaf, uint32_t sub, uint32_t *r) {
	if (leaf == 7 && sub == 0) {
		r[1] &= ~(1u << 16 | 1u << 17 | 1u << 21 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 30 | 1u << 31);
		r[2] &= ~(1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14);
		r[3] &= ~(1u << 2 | 1u << 3 | 1u << 8 | 1u << 22 | 1u << 23 | 1u << 24 | 1u << 25);
	} else if (leaf == 7 && sub == 1) {
		r[0] &= ~(1u << 5 | 1u << 21);
	}
}

// CPUID raises SIGSEGV here: answer it without AVX-512 and go on behind it.
static void answer(int sig, siginfo_t *info, void *context) {
	greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
	if (info->si_code != SI_KERNEL || memcmp((void *)g[REG_RIP], "\x0f\xa2", 2) != 0) {
		before.sa_sigaction(sig, info, context);
		return;
	}
	uint32_t r[4], leaf = g[REG_RAX], sub = g[REG_RCX];
	syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1);
	__cpuid_count(leaf, sub, r[0], r[1], r[2], r[3]);
	syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0);
	mask(leaf, sub, r);
	g[REG_RAX] = r[0], g[REG_RBX] = r[1], g[REG_RCX] = r[2], g[REG_RDX] = r[3];
	g[REG_RIP] += 2;
}

static struct sigaction beforeCopies;
static volatile int told; // answers to leaf 7, without AVX-512

// What a copy of the library has for CPUID raises SIGILL. Nothing else has these bytes.
static void answerCopy(int sig, siginfo_t *info, void *context) {
	greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
	if (memcmp((void *)g[REG_RIP], "\x06\xa2", 2) != 0) {
		beforeCopies.sa_sigaction(sig, info, context);
		return;
	}
	uint32_t r[4], leaf = g[REG_RAX], sub = g[REG_RCX];
	__cpuid_count(leaf, sub, r[0], r[1], r[2], r[3]);
	mask(leaf, sub, r);
	if (leaf == 7 && sub == 0)
		told++;
	g[REG_RAX] = r[0], g[REG_RBX] = r[1], g[REG_RCX] = r[2], g[REG_RDX] = r[3];
	g[REG_RIP] += 2;
}

static int takeCopies(void) {
	struct sigaction a;
	memset(&a, 0, sizeof a);
	a.sa_sigaction = answerCopy;
	a.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
	return sigaction(SIGILL, &a, &beforeCopies); // beforeCopies is the Go runtime's: it takes SIGILL when it starts
}

// likeCopy asks as a copy does and returns what it hears of leaf 7: ebx.
static uint32_t likeCopy(void) {
	uint32_t eax = 7, ebx, ecx = 0, edx;
	__asm__ volatile(".byte 0x06, 0xa2" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	told = 0;
	return ebx;
}

static int wasTold(void) { return told; }

// inUse is XINUSE, 0 where the CPU does not tell: Intel's manual, volume 1, 13.6.
static uint32_t inUse(void) {
	uint32_t r[4], high;
	__cpuid_count(13, 1, r[0], r[1], r[2], r[3]);
	if (r[0] >> 2 & 1)
		__asm__ volatile("xgetbv" : "=a"(r[0]), "=d"(high) : "c"(1));
	else
		r[0] = 0;
	return r[0];
}

static int hide(void) {
	struct sigaction a;
	memset(&a, 0, sizeof a);
	a.sa_sigaction = answer;
	a.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
	if (sigaction(SIGSEGV, &a, &before) != 0)
		return -1;
	if (syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0) == 0)
		return 0;
	sigaction(SIGSEGV, &before, NULL);
	return -1;
}

static int hidden(void) {
	uint32_t r[4];
	__cpuid_count(7, 0, r[0], r[1], r[2], r[3]);
	return (r[1] >> 16 & 1) == 0;
}
*/
import "C"

// hideAVX512 has CPUID on this thread, and on those it starts, tell of no
// AVX-512, and reports whether the machine can do that.
func hideAVX512() bool { return C.hide() == 0 && C.hidden() == 1 }

// answerCopies has this process answer what a copy of ONNX Runtime asks the CPU,
// and reports whether the answers come, tell of AVX2 and not of AVX-512.
func answerCopies() bool {
	if C.takeCopies() != 0 {
		return false
	}
	known := C.likeCopy()
	return known>>5&1 == 1 && known>>16&1 == 0
}

// copyTold counts the answers about AVX-512 since then.
func copyTold() int { return int(C.wasTold()) }

// wide reports whether this thread has something in the upper 16 of AVX-512's 32
// registers: bit 7 of XINUSE. VZEROUPPER leaves those alone.
func wide() bool { return C.inUse()>>7&1 == 1 }
