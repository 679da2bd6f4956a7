#include <imgport/inspect.hpp>

#include <fmt/format.h>

#include "filesystem/appliance_module.hpp"
#include "filesystem/native_trees.hpp"
#include "format/source.hpp"
#include "guest/find_root.hpp"
#include "guest/inspect_guest.hpp"
#include "support/text.hpp"
#include "volume/volumes.hpp"

namespace imgport {
namespace {

// Ends the stage whichever way the function is left.
class Stage {
public:
    Stage(ProgressSink &progress, const std::string &subject) : m_progress(progress)
    {
        m_progress.begin("inspect", subject);
    }
    Stage(const Stage &) = delete;
    Stage &operator=(const Stage &) = delete;
    ~Stage() { m_progress.end(); }

private:
    ProgressSink &m_progress;
};

InspectionGap gap_of(const Error &error)
{
    return {describe(error), error.code == ErrorCode::environment};
}

// What the disk itself tells. A machine that cannot open the disk leaves a gap.
Result<std::shared_ptr<Disk>> look_at_disk(const Source &source, const std::string &temp_dir, Inspection &inspection)
{
    auto const disk = open_disk(source, temp_dir);
    if (!disk) {
        if (disk.error().code != ErrorCode::environment)
            return fail(disk.error());
        inspection.gap = gap_of(disk.error());
        return nullptr;
    }
    auto facts = describe_disk(**disk);
    if (!facts)
        return fail(facts.error());
    auto volumes = list_volumes(*disk, *facts);
    if (!volumes)
        return fail(volumes.error());
    inspection.disk = std::move(*facts);
    inspection.volumes = std::move(*volumes);
    return *disk;
}

// No system in what could be opened says nothing about what could not.
void say_what_stays_closed(const std::vector<std::string> &problems, Inspection &inspection)
{
    if (!problems.empty())
        inspection.gap = InspectionGap{join(problems, "; "), false};
}

// Fills in what the filesystems tell. Whatever stops this leaves a gap.
void look_at_guest(TreeMaker &maker, Inspection &inspection)
{
    inspection.inspector = maker.name();
    auto found = inspect_guest(maker, *inspection.disk, inspection.volumes);
    if (!found) {
        inspection.gap = gap_of(found.error());
        return;
    }
    // Half of the facts would pass for all of them.
    if (auto const failure = maker.failure()) {
        inspection.gap = gap_of(*failure);
        return;
    }
    inspection.guest = std::move(found->guest);
    if (!inspection.guest)
        say_what_stays_closed(found->problems, inspection);
}

void look_with_appliance(const Source &source, const std::string &temp_dir, Inspection &inspection,
                         ProgressSink &progress)
{
    inspection.inspector = to_string(Inspector::appliance);
    auto const server = DiskServer::start(source, temp_dir);
    if (!server) {
        inspection.gap = gap_of(server.error());
        return;
    }
    auto const appliance = start_appliance({server->socket(), inspection.disk->sector_size, temp_dir}, progress);
    if (!appliance) {
        inspection.gap = gap_of(appliance.error());
        return;
    }
    look_at_guest(**appliance, inspection);
}

// Native first. What it does not know, the appliance may; where that does not start here, what native found stands,
// and what it did not is the machine's fault.
void look_with_any(const std::shared_ptr<Disk> &disk, const Source &source, const InspectOptions &options,
                   Inspection &inspection, ProgressSink &progress)
{
    Inspection const untouched = inspection;
    NativeTrees native(disk, progress);
    look_at_guest(native, inspection);
    auto const &unsupported = native.unsupported();
    if (unsupported.empty() || options.inspector == Inspector::native)
        return;
    progress.note(fmt::format("{}; trying the appliance", join(unsupported, "; ")));
    Inspection other = untouched;
    look_with_appliance(source, options.temp_dir, other, progress);
    if (other.gap && other.gap->machine)
        inspection.gap = InspectionGap{join(unsupported, "; ") + "; " + other.gap->reason, true};
    else
        inspection = std::move(other);
}

}  // namespace

const char *to_string(Inspector inspector)
{
    switch (inspector) {
    case Inspector::automatic: return "auto";
    case Inspector::native: return "native";
    case Inspector::appliance: return "appliance";
    }
    return "auto";
}

std::optional<Inspector> parse_inspector(std::string_view text)
{
    for (auto const inspector : {Inspector::automatic, Inspector::native, Inspector::appliance}) {
        if (text == to_string(inspector))
            return inspector;
    }
    return std::nullopt;
}

Result<Inspection> inspect(const std::string &path, const ImageFacts &image, const InspectOptions &options,
                           ProgressSink &progress)
{
    auto const source = Source::open(path, image, {options.allowed, options.temp_dir, options.max_unpacked}, progress);
    if (!source)
        return fail(source.error());
    Stage const stage(progress, path);
    Inspection inspection;
    auto const disk = look_at_disk(*source, options.temp_dir, inspection);
    if (!disk)
        return fail(disk.error());
    if (options.volumes_only) {
        // nothing more
    } else if (!worth_inspecting(inspection.volumes)) {
        if (!inspection.gap)
            say_what_stays_closed(closed_volumes(inspection.volumes), inspection);
    } else if (options.inspector == Inspector::appliance) {
        look_with_appliance(*source, options.temp_dir, inspection, progress);
    } else {
        look_with_any(*disk, *source, options, inspection, progress);
    }
    if (interrupted())
        return fail(ErrorCode::interrupted, "interrupted");
    if (auto const unchanged = source->check_unchanged(); !unchanged)
        return fail(unchanged.error());
    return inspection;
}

}  // namespace imgport
