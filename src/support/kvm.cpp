// The kernel's Documentation/virt/kvm/api.rst. The guest's registers after Intel SDM, volume 3, section 9.8.5.
#include "support/kvm.hpp"

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/file.hpp"

namespace imgport {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto patience = 2s;
constexpr auto patience_with_the_dead = 1s;

// What the child says with its exit code.
enum Outcome : int { guest_ran = 0, no_guest = 1, guest_failed = 2 };

#if defined(__x86_64__)

constexpr std::size_t memory_size = 64 * 1024;
constexpr std::uint64_t code_at = 0x1000;
constexpr std::uint64_t tables_at = 0x2000;
// Long enough to show a guest that is emulated: a processor does this in a few milliseconds.
constexpr std::uint32_t rounds = 20'000'000;

// Counts down and halts, in 64-bit mode: older processors emulate the others anyway.
constexpr std::uint8_t guest_code[] = {
    0xb9, rounds & 0xff, rounds >> 8 & 0xff, rounds >> 16 & 0xff, rounds >> 24,  // mov ecx, rounds
    0xff, 0xc9,                                                                  // dec ecx
    0x75, 0xfc,                                                                  // jnz to dec
    0xf4,                                                                        // hlt
};

void put_u64(std::byte *memory, std::uint64_t at, std::uint64_t value)
{
    std::memcpy(memory + at, &value, sizeof value);
}

// One 2 MiB page at address 0, present and writable.
void put_page_tables(std::byte *memory)
{
    put_u64(memory, tables_at, (tables_at + 0x1000) | 3);
    put_u64(memory, tables_at + 0x1000, (tables_at + 0x2000) | 3);
    put_u64(memory, tables_at + 0x2000, 0x83);
}

void enter_long_mode(kvm_sregs &registers)
{
    registers.cr0 = 0x80050033;  // PG AM WP NE ET MP PE
    registers.cr3 = tables_at;
    registers.cr4 = 0x20;    // PAE
    registers.efer = 0x500;  // LMA LME
    kvm_segment code{};
    code.limit = 0xffffffff;
    code.selector = 8;
    code.type = 11;
    code.present = 1;
    code.s = 1;
    code.l = 1;
    code.g = 1;
    kvm_segment data = code;
    data.selector = 16;
    data.type = 3;
    data.l = 0;
    data.db = 1;
    registers.cs = code;
    registers.ds = registers.es = registers.fs = registers.gs = registers.ss = data;
}

// Runs in a child after fork(): system calls only.
Outcome run_guest(int kvm)
{
    int const vm = ::ioctl(kvm, KVM_CREATE_VM, 0UL);
    if (vm < 0)
        return no_guest;
    ::ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000UL);
    void *const memory = ::mmap(nullptr, memory_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return no_guest;
    std::memcpy(static_cast<std::byte *>(memory) + code_at, guest_code, sizeof guest_code);
    put_page_tables(static_cast<std::byte *>(memory));
    kvm_userspace_memory_region region{};
    region.memory_size = memory_size;
    region.userspace_addr = reinterpret_cast<std::uintptr_t>(memory);
    if (::ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
        return no_guest;

    int const cpu = ::ioctl(vm, KVM_CREATE_VCPU, 0UL);
    int const run_size = ::ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0UL);
    if (cpu < 0 || run_size < static_cast<int>(sizeof(kvm_run)))
        return no_guest;
    void *const shared =
        ::mmap(nullptr, static_cast<std::size_t>(run_size), PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0);
    kvm_sregs special{};
    if (shared == MAP_FAILED || ::ioctl(cpu, KVM_GET_SREGS, &special) < 0)
        return no_guest;
    enter_long_mode(special);
    kvm_regs registers{};
    registers.rip = code_at;
    registers.rflags = 2;
    if (::ioctl(cpu, KVM_SET_SREGS, &special) < 0 || ::ioctl(cpu, KVM_SET_REGS, &registers) < 0)
        return no_guest;
    if (::ioctl(cpu, KVM_RUN, 0UL) < 0 || static_cast<kvm_run *>(shared)->exit_reason != KVM_EXIT_HLT)
        return guest_failed;
    return guest_ran;
}

#else

// On other processors it is only known whether a guest can be made.
Outcome run_guest(int kvm)
{
    return ::ioctl(kvm, KVM_CREATE_VM, 0UL) < 0 ? no_guest : guest_ran;
}

#endif

bool ended_within(pid_t child, int &status, std::chrono::milliseconds limit)
{
    auto const until = Clock::now() + limit;
    for (;;) {
        pid_t const reaped = ::waitpid(child, &status, WNOHANG);
        if (reaped == child || (reaped < 0 && errno != EINTR))
            return true;
        if (Clock::now() >= until)
            return false;
        std::this_thread::sleep_for(2ms);
    }
}

}  // namespace

KvmState kvm_state()
{
    Fd const kvm(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
    if (!kvm)
        return {false, errno == ENOENT ? "there is no /dev/kvm" : std::string("/dev/kvm: ") + std::strerror(errno)};
    if (::ioctl(kvm.get(), KVM_GET_API_VERSION, 0UL) != KVM_API_VERSION)
        return {false, "/dev/kvm is of another version"};

    pid_t const child = ::fork();
    if (child < 0)
        return {false, std::string("no process to try it in: ") + std::strerror(errno)};
    if (child == 0)
        ::_exit(run_guest(kvm.get()));
    int status = 0;
    if (!ended_within(child, status, patience)) {
        ::kill(child, SIGKILL);
        ended_within(child, status, patience_with_the_dead);
        return {false, "a guest on /dev/kvm hangs or is far too slow"};
    }
    if (!WIFEXITED(status))
        return {false, "a guest on /dev/kvm crashes its process"};
    switch (WEXITSTATUS(status)) {
    case guest_ran: return {true, "works"};
    case no_guest: return {false, "/dev/kvm cannot make a guest"};
    default: return {false, "a guest on /dev/kvm crashes"};
    }
}

}  // namespace imgport
