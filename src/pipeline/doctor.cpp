#include <imgport/doctor.hpp>

#include <fmt/format.h>

#include "convert/qemu_img.hpp"
#include "filesystem/appliance_module.hpp"
#include "format/source.hpp"
#include "support/file.hpp"
#include "support/json_fields.hpp"
#include "support/kvm.hpp"
#include "support/subprocess.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Less than this, and a conversion that unpacks will most likely fail.
constexpr std::uint64_t comfortable_space = std::uint64_t{20} << 30;
constexpr const char *packages = "Debian: apt install qemu-utils libguestfs0 linux-image-amd64 libguestfs-xfs";

DoctorItem qemu_img_item()
{
    auto const version = qemu_img_version();
    return {"qemu-img", version.has_value(), true, version ? *version : describe(version.error()), packages};
}

DoctorItem qemu_nbd_item()
{
    std::string const path = find_program("qemu-nbd");
    return {"qemu-nbd", !path.empty(), false, path.empty() ? "not installed" : path,
            fmt::format("for rare formats and the appliance. {}", packages)};
}

DoctorItem ssh_item()
{
    std::string const path = find_program("ssh");
    return {"ssh", !path.empty(), false, path.empty() ? "not installed" : path,
            "for disks of other machines (ssh://...). Debian: apt install openssh-client"};
}

DoctorItem kvm_item()
{
    auto const state = kvm_state();
    return {"kvm", state.works, false, state.detail, "the appliance works without it, but starts more slowly"};
}

// Nothing less than a start proves that the appliance works: it needs a kernel, an emulator and memory.
Result<void> start_appliance(const std::string &temp_dir, ProgressSink &progress)
{
    auto const folder = TempDir::create(temp_dir);
    if (!folder)
        return fail(folder.error());
    std::string const disk = folder->path() + "/disk.raw";
    if (auto made = write_file(disk, std::string(1 << 20, '\0'), Overwrite::no); !made)
        return made;
    auto source = Source::open(disk, probe(disk), {.allowed = {}, .temp_dir = temp_dir}, progress);
    if (!source)
        return fail(source.error());
    auto server = DiskServer::start(*source, temp_dir);
    if (!server)
        return fail(server.error());
    auto const appliance = start_appliance({server->socket(), 512, temp_dir}, progress);
    if (!appliance)
        return fail(appliance.error());
    return {};
}

DoctorItem appliance_item(const std::string &temp_dir, ProgressSink &progress)
{
    using Clock = std::chrono::steady_clock;
    progress.begin("appliance", "");
    auto const begin = Clock::now();
    auto const started = start_appliance(temp_dir, progress);
    double const seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    progress.end();
    return {"appliance", started.has_value(), false,
            started ? fmt::format("starts in {:.1f} s", seconds) : describe(started.error()),
            fmt::format("for guests that are not read natively. {}", packages)};
}

DoctorItem space_item(const std::string &temp_dir)
{
    auto const space = free_space(temp_dir);
    if (!space)
        return {"temporary space", false, true, describe(space.error()), "choose another folder with --temp-dir"};
    return {"temporary space", *space >= comfortable_space, false,
            fmt::format("{} free in {}", human_size(*space), printable(temp_dir)),
            "unpacking large images may need more: --temp-dir"};
}

}  // namespace

std::vector<DoctorItem> doctor(const std::string &temp_dir, ProgressSink &progress)
{
    std::string const directory = temporary_directory(temp_dir);
    return {qemu_img_item(),      qemu_nbd_item(), ssh_item(), kvm_item(), appliance_item(directory, progress),
            space_item(directory)};
}

std::string doctor_json(const std::vector<DoctorItem> &items)
{
    Json document{{"schema", "imgport.doctor/1"}, {"items", to_json(items)}};
    return document.dump(2) + "\n";
}

}  // namespace imgport
