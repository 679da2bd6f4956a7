#include "support/block_devices.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_table = std::size_t{4} << 20;
constexpr std::size_t most_devices = 4096;

// Files of /proc and /sys say no size; a table longer than the limit is cut.
std::string read_table(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    std::string text;
    std::istreambuf_iterator<char> at(file);
    for (; at != std::istreambuf_iterator<char>() && text.size() < longest_table; ++at)
        text += *at;
    return text;
}

// The kernel writes blanks and backslashes in paths as "\040".
std::string unescaped(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        bool const escape = text[i] == '\\' && text.size() - i > 3;
        if (escape && std::from_chars(text.data() + i + 1, text.data() + i + 4, value, 8).ptr == text.data() + i + 4 &&
            value < 256) {
            out += static_cast<char>(value);
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

// proc(5): the third field is the device's number, the fifth the place, and after the "-" come type and source.
void add_mounts(const BlockDevices &devices, const std::set<std::string> &names, const std::set<std::string> &numbers,
                std::vector<std::string> &uses)
{
    std::set<std::pair<std::string, std::string>> seen;
    for (auto const line : lines_of(devices.mounts)) {
        auto const fields = split_blanks(line);
        auto const dash = std::find(fields.begin(), fields.end(), "-");
        if (fields.size() < 5 || fields.end() - dash < 3)
            continue;
        // btrfs has no number of its own; its source says where it lies.
        std::string const source = unescaped(*(dash + 2));
        bool const named = source.starts_with("/dev/") && names.contains(base_name(source));
        if (!named && !numbers.contains(fields[2]))
            continue;
        std::string const place = unescaped(fields[4]);
        if (seen.emplace(source, place).second)
            uses.push_back(fmt::format("{} is mounted on {}", printable(source, 200), printable(place, 200)));
    }
}

void add_swaps(const BlockDevices &devices, const std::set<std::string> &names, std::vector<std::string> &uses)
{
    for (auto const line : lines_of(devices.swaps)) {
        auto const fields = split_blanks(line);
        if (fields.size() < 2 || fields[1] != "partition")
            continue;
        std::string const device = unescaped(fields[0]);
        if (names.contains(base_name(device)))
            uses.push_back(fmt::format("{} is used for swapping", printable(device, 200)));
    }
}

// "/sys/block/sda/sda1/partition" -> "sda", "sda1"; "/sys/class/block/dm-0/slaves/sda2" -> "dm-0", "sda2"
struct Pair {
    std::string first;
    std::string second;
};

Pair partition_of(std::string_view path)
{
    std::string const partition = dir_name(path);
    return {base_name(dir_name(partition)), base_name(partition)};
}

Pair slave_of(std::string_view path)
{
    return {base_name(dir_name(dir_name(path))), base_name(path)};
}

}  // namespace

BlockDevices local_block_devices(const std::string &root)
{
    BlockDevices found;
    std::error_code problem;
    for (auto const &entry : fs::directory_iterator(root + "/sys/class/block", problem)) {
        if (found.all.size() == most_devices)
            break;
        BlockDevice device{entry.path().filename().string()};
        std::string const folder = entry.path().string();
        device.number = trim(read_table(folder + "/dev"));
        std::error_code none;
        if (fs::exists(folder + "/partition", none))
            device.disk = fs::canonical(entry.path(), none).parent_path().filename().string();
        for (auto const &below : fs::directory_iterator(folder + "/slaves", none))
            device.made_of.push_back(below.path().filename().string());
        found.all.push_back(std::move(device));
    }
    // The tables of /proc are the reader's own.
    found.mounts = read_table(root + "/proc/self/mountinfo");
    found.swaps = read_table(root + "/proc/swaps");
    return found;
}

BlockDevices parse_block_devices(std::string_view text, std::string_view mark)
{
    BlockDevices found;
    std::map<std::string, BlockDevice> devices;
    std::string section;
    for (auto const line : lines_of(text)) {
        if (line.starts_with(mark)) {
            section = trim(line.substr(mark.size()));
        } else if (section == "devices") {
            auto const fields = split_blanks(line);
            if (fields.size() == 2 && devices.size() < most_devices) {
                devices[fields[0]].name = fields[0];
                devices[fields[0]].number = fields[1];
            }
        } else if (section == "partitions") {
            auto const [disk, partition] = partition_of(line);
            if (devices.contains(partition))
                devices[partition].disk = disk;
        } else if (section == "slaves") {
            auto const [above, below] = slave_of(line);
            if (devices.contains(above))
                devices[above].made_of.push_back(below);
        } else if (section == "mounts") {
            found.mounts.append(line).append("\n");
        } else if (section == "swaps") {
            found.swaps.append(line).append("\n");
        }
    }
    for (auto &entry : devices)
        found.all.push_back(std::move(entry.second));
    return found;
}

DeviceUse use_of(const BlockDevices &devices, const std::string &name)
{
    DeviceUse use;
    std::set<std::string> names{name};
    // What was made of it, from the bottom up, until nothing is added any more.
    for (bool more = true; more;) {
        more = false;
        for (auto const &device : devices.all) {
            bool const above =
                names.contains(device.disk) ||
                std::ranges::any_of(device.made_of, [&](auto const &below) { return names.contains(below); });
            more = (above && names.insert(device.name).second) || more;
        }
    }
    std::set<std::string> numbers;
    for (auto const &device : devices.all) {
        if (names.contains(device.name) && !device.number.empty())
            numbers.insert(device.number);
        if (device.name == name)
            use.disk = device.disk;
    }
    add_mounts(devices, names, numbers, use.uses);
    add_swaps(devices, names, use.uses);
    return use;
}

std::string DeviceUse::text() const
{
    constexpr std::size_t most = 3;
    std::vector<std::string> shown(uses.begin(),
                                   uses.begin() + static_cast<std::ptrdiff_t>(std::min(most, uses.size())));
    if (uses.size() > most)
        shown.push_back(fmt::format("and {} more", uses.size() - most));
    return join(shown, "; ");
}

}  // namespace imgport
