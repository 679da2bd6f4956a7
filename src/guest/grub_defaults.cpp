#include "guest/grub_defaults.hpp"

#include <array>
#include <utility>

#include "guest/guest_text.hpp"

namespace imgport {
namespace {

// A value grows by taking up the one before, file after file.
constexpr std::size_t max_value = 64 * 1024;

std::string with_earlier(std::string value, const std::string &name, const std::string &earlier)
{
    for (auto const &mention : {"${" + name + "}", "$" + name}) {
        auto const at = value.find(mention);
        if (at == std::string::npos)
            continue;
        // "$GRUB_CMDLINE_LINUX_DEFAULT" is no mention of GRUB_CMDLINE_LINUX.
        char const next = at + mention.size() < value.size() ? value[at + mention.size()] : ' ';
        if (mention.back() == '}' || next == ' ' || next == '\t')
            value.replace(at, mention.size(), earlier);
    }
    if (value.size() > max_value)
        value.resize(max_value);
    return value;
}

}  // namespace

Known<GrubDefaults> read_grub_defaults(FileTree &tree)
{
    GuestFiles files(tree);
    GrubDefaults facts;
    std::array const wanted{
        std::pair{"GRUB_CMDLINE_LINUX", &facts.cmdline},
        std::pair{"GRUB_CMDLINE_LINUX_DEFAULT", &facts.cmdline_default},
        std::pair{"GRUB_DISABLE_LINUX_UUID", &facts.disable_uuid},
    };
    std::vector<std::string> paths{"/etc/default/grub"};
    for (auto const &path : files.files_in("/etc/default/grub.d", ".cfg"))
        paths.push_back(path);
    for (auto const &path : paths) {
        auto const text = files.text(path);
        if (!text)
            continue;
        facts.present = true;
        auto const assignments = shell_assignments(*text);
        for (auto const &[name, setting] : wanted) {
            auto const found = assignments.find(name);
            if (found == assignments.end())
                continue;
            std::string value = with_earlier(found->second.value, name, setting->value);
            *setting = Setting{value, {.file = path, .line = found->second.line, .offset = {}, .value = value}};
        }
    }
    return files.answer(std::move(facts));
}

}  // namespace imgport
