#include "format/qemu.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include "format/container.hpp"
#include "support/subprocess.hpp"
#include "support/text.hpp"

namespace imgport {

using Json = nlohmann::ordered_json;

std::string qemu_driver(Format format)
{
    switch (format) {
    case Format::raw:
    case Format::iso: return "raw";
    case Format::vhd: return "vpc";
    case Format::qcow2:
    case Format::vmdk:
    case Format::vhdx:
    case Format::vdi:
    case Format::qcow:
    case Format::qed:
    case Format::parallels:
    case Format::dmg: return to_string(format);
    case Format::ova:
    case Format::archive:
    case Format::unknown: break;
    }
    return {};
}

Json qemu_file_node(int fd)
{
    struct stat st {};
    bool const device = ::fstat(fd, &st) == 0 && S_ISBLK(st.st_mode);
    return {{"driver", device ? "host_device" : "file"}, {"filename", fmt::format("/proc/self/fd/{}", fd)}};
}

Json qemu_image_node(const ImageFacts &facts, Json file)
{
    Json node{{"driver", qemu_driver(facts.format)}, {"read-only", true}};
    switch (facts.format) {
    case Format::vhd:
        if (facts.details.vhd && facts.details.vhd->disk_type == 2) {
            // A fixed disk is its bytes; the footer behind them is not part of it.
            node["driver"] = "raw";
            node["size"] = facts.virtual_size.value_or(0);
        } else {
            // QEMU guesses by the creator's name whether geometry or size counts; our probe has decided.
            bool const by_size = facts.details.vhd && facts.virtual_size == facts.details.vhd->current_size;
            node["force_size_calc"] = by_size ? "current_size" : "chs";
        }
        break;
    case Format::qcow2:
    case Format::qcow:
    case Format::qed:
    case Format::vmdk: node["backing"] = nullptr; break;
    default: break;
    }
    node["file"] = std::move(file);
    return node;
}

std::string qemu_name_of(const Json &node)
{
    return "json:" + node.dump();
}

Result<void> replay_vhdx_log(int fd, const std::string &path)
{
    Command command;
    Json const node{{"driver", "vhdx"}, {"file", qemu_file_node(fd)}};
    command.arguments = {"qemu-img", "check", "-r", "all", qemu_name_of(node)};
    command.keep_fds = {fd};
    command.timeout = std::chrono::minutes(30);
    auto const result = run(command);
    if (!result)
        return fail(result.error());
    if (result->status == 0)
        return {};
    Error error{ErrorCode::malformed, fmt::format("the log could not be replayed: {}: {}",
                                                  describe_status(result->status), printable(trim(result->err), 500))};
    error.file = path;
    error.field = "log";
    return fail(error);
}

}  // namespace imgport
