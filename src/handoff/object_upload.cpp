#include "handoff/object_upload.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <imgport/receipt.hpp>

#include "handoff/object_completion.hpp"
#include "handoff/object_proof.hpp"
#include "handoff/part_sender.hpp"
#include "handoff/resume_plan.hpp"
#include "handoff/upload_ids.hpp"
#include "support/crc64_combine.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

using Clock = std::chrono::steady_clock;

class ObjectUpload {
public:
    ObjectUpload(const std::string &manifest_path, const Manifest &manifest, const ObjectDestination &destination,
                 ObjectStore &store, const ObjectUploadSettings &settings, ProgressSink &sink)
        : m_manifest_path(manifest_path), m_manifest(manifest), m_destination(destination), m_key(destination.key),
          m_store(store), m_settings(settings), m_progress(sink, manifest.artifact.file_size), m_sink(sink),
          m_caller(settings.retry, [this](std::string_view text) { m_progress.note_trouble(text); })
    {}

    Result<Receipt> run()
    {
        auto const lock = lock_journal(m_manifest_path);
        if (!lock)
            return fail(lock.error());
        if (auto done = open_artifact(); !done)
            return fail(done.error());
        if (auto done = open_journal(); !done)
            return fail(done.error());
        auto const finished_before = look_at_object();
        if (!finished_before)
            return fail(finished_before.error());
        if (*finished_before)
            return finish(**finished_before);
        m_sink.begin("upload", m_destination.name());
        auto const uploaded = send_until_complete();
        m_sink.end();
        if (!uploaded)
            return fail(uploaded.error());
        return finish(*uploaded);
    }

private:
    using Found = std::optional<ObjectInfo>;

    // ------------------------------------------------------------------------------------- before the first part

    Result<void> open_artifact()
    {
        auto file = InputFile::open(dir_name(m_manifest_path) + "/" + m_manifest.artifact.file);
        if (!file)
            return fail(file.error());
        m_artifact = std::move(*file);
        auto const &wanted = m_manifest.artifact;
        auto const crc = parse_number(wanted.crc64ecma);
        if (!crc)
            return fail({ErrorCode::malformed,
                         "says no CRC-64 of its artifact",
                         m_manifest_path,
                         {},
                         "artifact.crc64ecma",
                         "prepare it again"});
        if (m_artifact.size() != wanted.file_size)
            return fail({ErrorCode::unverified,
                         fmt::format("has {} bytes, the manifest says {}", m_artifact.size(), wanted.file_size),
                         m_artifact.path(),
                         {},
                         {},
                         "it is not what was validated: prepare it again"});
        m_expected = {.size = m_artifact.size(), .crc64 = *crc, .oss = m_destination.in_oss()};
        auto const plan = plan_parts(m_artifact.size(), m_settings.part_size, m_destination.store.dialect);
        if (!plan)
            return fail(with_file(plan.error()));
        m_plan = *plan;
        return {};
    }

    Error with_file(Error error) const
    {
        error.file = m_artifact.path();
        return error;
    }

    UploadJournal new_journal() const
    {
        auto const &store = m_destination.store;
        return {.destination = m_destination.name(),
                .region = store.region,
                .endpoint = store.endpoint,
                .custom_domain = store.custom_domain,
                .signature = store.signature == ObjectSignature::v1   ? "v1"
                             : store.signature == ObjectSignature::v4 ? "v4"
                                                                      : "",
                .part_size = m_plan.part_size,
                .overwrite = m_settings.overwrite,
                .artifact = {m_manifest.artifact.file, m_artifact.size(), m_artifact.identity().modified,
                             m_manifest.artifact.sha256.value_or(""), m_manifest.artifact.crc64ecma}};
    }

    bool speaks_oss() const { return m_destination.store.dialect == StoreDialect::oss; }

    // Whether there is something to go on with.
    Result<void> open_journal()
    {
        auto journal = read_journal(m_manifest_path);
        if (!journal)
            return fail(journal.error());
        auto fresh = new_journal();
        if (*journal) {
            m_resumes = true;
            bool const elsewhere = (*journal)->destination != printable(fresh.destination) ||
                                   (!speaks_oss() && (*journal)->endpoint != printable(fresh.endpoint));
            if (elsewhere)
                return fail({ErrorCode::usage,
                             fmt::format("an upload to {} is unfinished", printable((*journal)->destination)),
                             m_manifest_path,
                             {},
                             {},
                             "finish it with the same command as then, or give it up with imgport upload --abort"});
            fresh.upload = (*journal)->upload;
            fresh.others = (*journal)->others;
            fresh.part_size = (*journal)->part_size;
            fresh.overwrite = fresh.overwrite || (*journal)->overwrite;
            fresh.parts = (*journal)->parts;
            // When it was written does not matter: prepared again, the same disk is the same artifact.
            auto before = (*journal)->artifact;
            before.modified = fresh.artifact.modified;
            m_stale =
                before != fresh.artifact || fresh.part_size == 0 || (m_plan.size - 1) / fresh.part_size >= most_parts;
        }
        m_journal = std::move(fresh);
        return {};
    }

    // The first that the store hears of us. What lies there already may be ours: of a run that was cut off after its
    // last request, or of someone who sent the same.
    Result<Found> look_at_object()
    {
        StoreCaller const first(m_settings.first_contact,
                                [this](std::string_view text) { m_progress.note_trouble(text); });
        auto const there = first.call([&] { return m_store.head(m_key); });
        if (!there)
            return fail(there.error().error);
        if (!*there)
            return Found{};
        m_expected.etag = noted_etag();
        auto const match = compare_object(**there, m_expected);
        if (match == ObjectMatch::same)
            return Found{**there};
        if (!m_journal.overwrite)
            return fail(
                {ErrorCode::remote,
                 fmt::format("{} is there already, and {}", printable(m_destination.name()),
                             match == ObjectMatch::different ? "is another object"
                                                             : "the store does not tell whether it is the same"),
                 {},
                 {},
                 {},
                 replace_object_hint});
        return Found{};
    }

    // What the object's ETag would be: by the receipt of an earlier upload, or by the parts that the journal knows.
    std::string noted_etag() const
    {
        auto const receipt = read_receipt(m_manifest_path);
        if (receipt && receipt->upload && is_of_this(*receipt->upload) &&
            receipt->upload->destination == printable(m_destination.name()))
            return to_lower(receipt->upload->etag);
        if (m_stale)
            return {};
        PartPlan const plan{m_plan.size, m_journal.part_size};
        std::map<std::uint32_t, std::string> etags;
        for (auto const &part : m_journal.parts) {
            if (part.compared)
                etags[part.number] = part.etag;
        }
        std::vector<std::string> in_order;
        in_order.reserve(etags.size());
        for (auto const &[number, etag] : etags)
            in_order.push_back(etag);
        return in_order.size() == plan.count() ? etag_of_parts(in_order) : std::string();
    }

    // Whether it is about this artifact, wherever that was sent to.
    bool is_of_this(const UploadReceipt &upload) const
    {
        return upload.size == m_expected.size && upload.crc64ecma == m_manifest.artifact.crc64ecma &&
               upload.sha256 == m_manifest.artifact.sha256.value_or("");
    }

    // ------------------------------------------------------------------------------------------------ the parts

    Result<ObjectInfo> send_until_complete()
    {
        // An upload may expire while it lies there, or is under way; once is enough.
        for (int again = 0;; ++again) {
            auto tasks = m_resumes ? go_on() : start_anew();
            if (!tasks)
                return fail(tasks.error());
            auto failure = send(*tasks);
            if (!failure) {
                if (auto const good = check_whole(); !good)
                    return fail(good.error());
                auto completed = complete();
                if (completed)
                    return *completed;
                failure = std::move(completed.error());
            }
            if (failure->code != "NoSuchUpload" || again != 0)
                return fail(given_up(*failure));
            m_progress.note("the store knows the upload no more: it starts anew");
            m_progress.start_again();
            m_resumes = false;
        }
    }

    Result<std::vector<PartTask>> start_anew()
    {
        if (m_settings.part_size != 0 || m_journal.part_size == 0 || m_stale)
            m_journal.part_size = m_plan.part_size;
        m_plan.part_size = m_journal.part_size;
        m_stored.clear();
        if (auto begun = begin_noted_upload(m_caller, m_store, m_key, m_manifest_path, m_journal); !begun)
            return fail(begun.error());
        if (std::size_t const others = m_journal.others ? m_journal.others->size() : 0; others > 0)
            m_progress.note(
                fmt::format("{} other unfinished upload{} of {} lie{} there and {} billed (imgport uploads)", others,
                            others == 1 ? "" : "s", printable(m_destination.name()), others == 1 ? "s" : "",
                            others == 1 ? "is" : "are"));
        return all_parts(m_plan);
    }

    // The store's list is the truth; what it has and the journal knows is kept, what only it has is looked into.
    Result<std::vector<PartTask>> go_on()
    {
        if (m_stale) {
            m_progress.note("the artifact is not the one whose upload was begun: it starts anew");
            end_upload();
            return start_anew();
        }
        if (!m_journal.upload)
            m_journal.upload = find_lost_id(m_caller, m_store, m_key, m_journal);
        if (!m_journal.upload)
            return start_anew();
        auto const there = m_caller.call([&] { return m_store.parts(m_key, *m_journal.upload); });
        if (!there && there.error().code == "NoSuchUpload") {
            m_progress.note("the unfinished upload is gone (expired, or aborted): it starts anew");
            return start_anew();
        }
        if (!there)
            return fail(given_up(there.error()));
        if (m_settings.part_size != 0 && m_settings.part_size != m_journal.part_size)
            m_progress.note(
                fmt::format("the upload goes on with parts of {} bytes, as it was begun", m_journal.part_size));
        m_plan.part_size = m_journal.part_size;
        auto const resume = plan_resume(m_plan, *there, m_journal.parts);
        m_stored.clear();
        m_journal.parts.clear();
        for (auto const &part : resume.kept)
            take(part);
        m_progress.add(static_cast<std::int64_t>(resume.kept_bytes));
        m_progress.note(fmt::format("the upload goes on: {} of {} parts have arrived", resume.arrived, m_plan.count()));
        return resume.tasks;
    }

    void take(const StoredPart &part)
    {
        m_stored[part.number] = part;
        m_journal.parts.push_back({part.number, part.etag, std::to_string(part.crc64), part.compared});
    }

    std::optional<StoreFailure> send(const std::vector<PartTask> &tasks)
    {
        SendSettings const settings{m_settings.parallel, m_settings.retry, !speaks_oss()};
        PartSender sender(m_artifact, m_plan, m_store, m_key, *m_journal.upload, settings, m_progress);
        auto noted = Clock::now();
        auto const failure = sender.run(tasks, [&](const StoredPart &part) {
            take(part);
            if (Clock::now() - noted < m_settings.journal_pace)
                return;
            // Where that fails, the store's list and the local bytes tell as much, only more slowly.
            (void)write_journal(m_manifest_path, m_journal);
            noted = Clock::now();
        });
        (void)write_journal(m_manifest_path, m_journal);
        return failure;
    }

    // Whether the bytes that were sent are those that were validated.
    Result<void> check_whole()
    {
        std::uint64_t crc = 0;
        for (auto const &[number, part] : m_stored)
            crc = crc64_combine(crc, part.crc64, m_plan.length(number));
        if (crc == m_expected.crc64)
            return {};
        drop();
        return fail({ErrorCode::unverified,
                     fmt::format("its CRC-64 is {}, the manifest says {}", crc, m_expected.crc64),
                     m_artifact.path(),
                     {},
                     {},
                     "it is not what was validated: prepare it again; nothing of it stays at the store"});
    }

    // ------------------------------------------------------------------------------------------- after the last

    StoreResult<ObjectInfo> complete()
    {
        std::vector<PartInfo> parts;
        for (auto const &[number, part] : m_stored)
            parts.push_back(
                {.number = number, .size = m_plan.length(number), .etag = part.etag, .etag_is_md5 = part.compared});
        return complete_object(m_caller, m_store, m_destination.name(), m_key, *m_journal.upload, parts, m_expected,
                               !m_journal.overwrite);
    }

    void end_upload()
    {
        if (!m_journal.upload)
            m_journal.upload = find_lost_id(m_caller, m_store, m_key, m_journal);
        if (m_journal.upload)
            end_unneeded(m_caller, m_store, m_key, *m_journal.upload);
    }

    // There is nothing to go on with.
    void drop()
    {
        end_upload();
        (void)remove_journal(m_manifest_path);
    }

    // The error for the user, with what can be done now.
    Error given_up(const StoreFailure &failure)
    {
        Error error = failure.error;
        if (error.code == ErrorCode::unverified) {
            (void)remove_journal(m_manifest_path);
            return error;
        }
        // `prepare` would make the artifact anew.
        std::string remedy =
            fmt::format("what has arrived is kept: imgport upload {0} {1} (with the same options) goes "
                        "on, imgport upload {0} --abort gives it up",
                        printable(m_manifest_path), printable(m_destination.name()));
        if (error.code != ErrorCode::interrupted && !m_artifact.check_unchanged()) {
            drop();
            error = {ErrorCode::environment, "changed while it was being uploaded", m_artifact.path()};
            remedy = "it is not what was validated any more: prepare it again; nothing of it stays at the store";
        }
        error.hint = error.hint.empty() ? remedy : error.hint + "; " + remedy;
        return error;
    }

    Result<Receipt> finish(const ObjectInfo &object)
    {
        bool const parts_compared =
            !m_stored.empty() &&
            std::all_of(m_stored.begin(), m_stored.end(), [](auto const &part) { return part.second.compared; });
        auto receipt = read_receipt(m_manifest_path);
        if (!receipt)
            return fail(receipt.error());
        // What was imported then was another artifact.
        if (receipt->upload && !is_of_this(*receipt->upload))
            receipt->import.reset();
        receipt->upload = make_upload_receipt(m_destination, object, m_expected,
                                              m_manifest.artifact.sha256.value_or(""), parts_compared);
        if (auto done = write_receipt(m_manifest_path, *receipt); !done)
            return fail(done.error());
        // Of an earlier run, where the object was there already; after a completion it is gone.
        if (m_resumes)
            end_upload();
        if (auto done = remove_journal(m_manifest_path); !done)
            return fail(done.error());
        return Receipt{receipt->upload->destination, receipt->upload->proof};
    }

    const std::string &m_manifest_path;
    const Manifest &m_manifest;
    const ObjectDestination &m_destination;
    const std::string &m_key;
    ObjectStore &m_store;
    const ObjectUploadSettings &m_settings;
    UploadProgress m_progress;
    ProgressSink &m_sink;
    StoreCaller m_caller;

    InputFile m_artifact;
    ExpectedObject m_expected;
    PartPlan m_plan;
    UploadJournal m_journal;
    bool m_resumes = false;
    bool m_stale = false;  // the journal is of another artifact, or makes no sense
    std::map<std::uint32_t, StoredPart> m_stored;
};

}  // namespace

Result<Receipt> upload_object(const std::string &manifest_path, const Manifest &manifest,
                              const ObjectDestination &destination, ObjectStore &store,
                              const ObjectUploadSettings &settings, ProgressSink &progress)
{
    return ObjectUpload(manifest_path, manifest, destination, store, settings, progress).run();
}

}  // namespace imgport
