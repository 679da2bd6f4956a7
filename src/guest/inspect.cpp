#include <imgport/inspect.hpp>

#include "filesystem/appliance.hpp"
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

// Fills in what the disk itself tells. A machine that cannot open the disk leaves a gap.
Result<void> look_at_disk(const Source &source, const std::string &temp_dir, Inspection &inspection)
{
    auto const disk = open_disk(source, temp_dir);
    if (!disk) {
        if (disk.error().code != ErrorCode::environment)
            return fail(disk.error());
        inspection.gap = gap_of(disk.error());
        return {};
    }
    auto facts = describe_disk(**disk);
    if (!facts)
        return fail(facts.error());
    auto volumes = list_volumes(*disk, *facts);
    if (!volumes)
        return fail(volumes.error());
    inspection.disk = std::move(*facts);
    inspection.volumes = std::move(*volumes);
    return {};
}

// No system in what could be opened says nothing about what could not.
void say_what_stays_closed(const std::vector<std::string> &problems, Inspection &inspection)
{
    if (!problems.empty())
        inspection.gap = InspectionGap{join(problems, "; "), false};
}

// Fills in what the filesystems tell. Whatever stops this leaves a gap.
void look_at_guest(const Source &source, const std::string &temp_dir, Inspection &inspection, ProgressSink &progress)
{
    auto const server = DiskServer::start(source, temp_dir);
    if (!server) {
        inspection.gap = gap_of(server.error());
        return;
    }
    auto const appliance = Appliance::start(server->socket(), inspection.disk->sector_size, temp_dir, progress);
    if (!appliance) {
        inspection.gap = gap_of(appliance.error());
        return;
    }
    inspection.inspector = (*appliance)->name();
    auto found = inspect_guest(**appliance, *inspection.disk, inspection.volumes);
    if (!found) {
        inspection.gap = gap_of(found.error());
        return;
    }
    inspection.guest = std::move(found->guest);
    if (!inspection.guest)
        say_what_stays_closed(found->problems, inspection);
}

}  // namespace

Result<Inspection> inspect(const std::string &path, const ImageFacts &image, const InspectOptions &options,
                           ProgressSink &progress)
{
    auto const source = Source::open(path, image, {options.allowed, options.temp_dir, options.max_unpacked}, progress);
    if (!source)
        return fail(source.error());
    Stage const stage(progress, path);
    Inspection inspection;
    if (auto const looked = look_at_disk(*source, options.temp_dir, inspection); !looked)
        return fail(looked.error());
    if (worth_inspecting(inspection.volumes))
        look_at_guest(*source, options.temp_dir, inspection, progress);
    else if (!inspection.gap)
        say_what_stays_closed(closed_volumes(inspection.volumes), inspection);
    if (interrupted())
        return fail(ErrorCode::interrupted, "interrupted");
    if (auto const unchanged = source->check_unchanged(); !unchanged)
        return fail(unchanged.error());
    return inspection;
}

}  // namespace imgport
