#include "guest/fstab.hpp"

#include <fmt/format.h>

#include "guest/device_spec.hpp"
#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_fstab_entries = 1000;

// getmntent(3): blanks, tabs, line ends and backslashes in a field are written as \040, \011, \012 and \134.
std::string decode_octal(std::string_view text)
{
    auto const octal = [](char c) { return c >= '0' && c <= '7'; };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] <= '3' && octal(text[i + 1]) && octal(text[i + 2]) &&
            octal(text[i + 3])) {
            out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace

std::string mount_option(const FstabEntry &entry, std::string_view name)
{
    for (auto const &option : entry.options) {
        if (option.starts_with(name) && option.size() > name.size() && option[name.size()] == '=')
            return option.substr(name.size() + 1);
    }
    return {};
}

Known<FstabFacts> read_fstab(FileTree &tree, const std::vector<VolumeFacts> &volumes)
{
    GuestFiles files(tree);
    FstabFacts fstab;
    auto const text = files.text("/etc/fstab");
    if (!text)
        return files.answer(fstab);
    fstab.present = true;
    std::uint64_t number = 0;
    bool odd_line = false;
    for (auto const line : lines_of(*text)) {
        ++number;
        auto const fields = split_blanks(line);
        if (fields.empty() || fields[0].front() == '#')
            continue;
        if (fields.size() < 3) {
            // libmount passes over such a line as well, with a warning; the mount point never appears.
            odd_line = true;
            continue;
        }
        if (fstab.entries.size() == max_fstab_entries) {
            files.fail("/etc/fstab", fmt::format("more than {} entries", max_fstab_entries));
            break;
        }
        FstabEntry entry;
        entry.device = decode_octal(fields[0]);
        entry.target = fields[1].starts_with('/') ? normal_path(decode_octal(fields[1])) : decode_octal(fields[1]);
        entry.type = decode_octal(fields[2]);
        if (fields.size() > 3)
            entry.options = split(decode_octal(fields[3]), ',');
        auto const pass = fields.size() > 5 ? parse_number(fields[5]) : std::nullopt;
        entry.pass = pass && *pass <= INT32_MAX ? static_cast<std::uint32_t>(*pass) : 0;
        entry.line = number;
        if (auto const *volume = resolve_device(entry.device, volumes))
            entry.resolved = volume->device;
        fstab.entries.push_back(std::move(entry));
    }
    if (odd_line && fstab.entries.empty())
        files.fail("/etc/fstab", "no line with a device, a mount point and a type");
    return files.answer(std::move(fstab));
}

Known<std::vector<Evidence>> read_crypttab(FileTree &tree)
{
    GuestFiles files(tree);
    std::vector<Evidence> mappings;
    auto const text = files.text("/etc/crypttab");
    std::uint64_t number = 0;
    for (auto line : lines_of(text ? std::string_view(*text) : std::string_view())) {
        ++number;
        line = trim(line);
        if (line.empty() || line.front() == '#')
            continue;
        if (mappings.size() == max_fstab_entries) {
            files.fail("/etc/crypttab", fmt::format("more than {} entries", max_fstab_entries));
            break;
        }
        mappings.push_back({"/etc/crypttab", number, {}, printable(line, 256)});
    }
    return files.answer(std::move(mappings));
}

}  // namespace imgport
