#include "pipeline/artifact_names.hpp"

#include <array>
#include <set>

#include <fmt/format.h>

#include <imgport/prepare.hpp>
#include <imgport/remote_source.hpp>

#include "support/text.hpp"

namespace imgport {

std::string artifact_name(const std::string &path)
{
    constexpr std::array suffixes{".gz",  ".xz",  ".bz2",  ".zst",  ".zip", ".tar", ".tgz", ".ova",  ".ovf", ".qcow2",
                                  ".img", ".raw", ".vmdk", ".vhdx", ".vhd", ".vdi", ".iso", ".qcow", ".qed", ".dmg"};
    std::string stem = base_name(path);
    if (auto const machine = source_machine(path); !machine.empty())
        stem = fmt::format("{}-{}", machine, stem);
    for (bool again = true; again;) {
        again = false;
        for (std::string_view const suffix : suffixes) {
            if (stem.size() > suffix.size() && to_lower(stem).ends_with(suffix)) {
                stem.resize(stem.size() - suffix.size());
                again = true;
            }
        }
    }
    return stem;
}

std::vector<std::string> artifact_names(const std::vector<std::string> &paths)
{
    std::set<std::string> taken;
    std::vector<std::string> names;
    for (auto const &path : paths) {
        std::string const stem = artifact_name(path);
        std::string name = stem;
        for (int n = 2; !taken.insert(name).second; ++n)
            name = fmt::format("{}-{}", stem, n);
        names.push_back(name);
    }
    return names;
}

}  // namespace imgport
