// What this machine has.
#pragma once

#include <string>
#include <vector>

#include <imgport/progress.hpp>

namespace imgport {

struct DoctorItem {
    std::string name;  // "qemu-img", "appliance", "kvm", "temporary space"
    bool ok = false;
    bool required = true;
    std::string detail;  // version, or what is wrong
    std::string hint = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("name", self.name);
        visit("ok", self.ok);
        visit("required", self.required);
        visit("detail", self.detail);
        visit("hint", self.hint);
    }
};

// Starts the appliance once, which takes some seconds: nothing less proves that it works.
std::vector<DoctorItem> doctor(const std::string &temp_dir, ProgressSink &progress);
std::string doctor_json(const std::vector<DoctorItem> &items);

}  // namespace imgport
