// Whether /dev/kvm really runs a guest. Where virtualisation is nested it is often there and yet of no use: guests
// hang, crash, or have each instruction emulated.
#pragma once

#include <string>

namespace imgport {

struct KvmState {
    bool works = false;
    std::string detail;  // in words: "works", "/dev/kvm: Permission denied", ...
};

// Runs a few instructions in a guest, in a child process that gets two seconds.
KvmState kvm_state();

}  // namespace imgport
