// What came of one job: DIR/.imgport-batch/results/NAME.json, written by whoever did it, in one step. No times: the
// same job gives the same bytes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <imgport/prepare.hpp>

#include "batch/folder.hpp"
#include "batch/journal.hpp"

namespace imgport {

// "schema": "imgport.batch-result/1"
struct BatchResult {
    std::string job;
    std::string path;
    std::string fingerprint;
    int exit_code = 0;
    std::string verdict = {};              // of the image's check; empty: it never came to one
    std::string reason = {};               // why it failed, in one line
    bool again = false;                    // not the image was the cause, and another try may end otherwise
    std::vector<RecordedFile> files = {};  // what was written
    // What earlier tries have written and this one, which failed, has not replaced: names of files that are there
    // still.
    std::vector<std::string> earlier = {};
    std::vector<std::string> handed_over = {};
    std::vector<ReportEntry> images = {};  // without what passed

    static void fields(auto &self, auto &&visit)
    {
        visit("job", self.job);
        visit("path", self.path);
        visit("fingerprint", self.fingerprint);
        visit("exit_code", self.exit_code);
        visit("verdict", self.verdict);
        visit("reason", self.reason);
        visit("again", self.again);
        visit("files", self.files);
        visit("earlier", self.earlier);
        visit("handed_over", self.handed_over);
        visit("images", self.images);
    }
};

// Out of what `prepare` says. Files of the output folder are called by their names there: the result is the same
// wherever the folder lies.
BatchResult result_of(const BatchFolder &folder, const BatchJob &job, const std::string &fingerprint,
                      PrepareOutcome outcome);
// Of a worker that could not tell.
BatchResult result_of_crash(const BatchJob &job, const std::string &fingerprint, const std::string &reason, bool again);

Result<void> write_result(const BatchFolder &folder, const BatchResult &result);
// nullopt: there is none, or none that can be read.
std::optional<BatchResult> read_result(const BatchFolder &folder, const std::string &name);

// Whether a result is the job's last word: of this source, these options and this version, with all that it wrote.
bool settles(const BatchFolder &folder, const BatchResult &result, const std::string &fingerprint);

// Whether a finished job is left as it is because its source is not there: it could not be done again, and what came of
// it is what the user has of that disk.
bool outlives_source(const BatchFolder &folder, const BatchResult &result, const BatchJob &job);

// What of an earlier result's files this one has not written anew. Where it made an artifact they are outdated and are
// removed; where it failed they stay, and it names them, so that a later try can remove them.
void take_over_files(const BatchFolder &folder, const std::optional<BatchResult> &before, BatchResult &result);

// Whether everything that was written is still there.
bool files_there(const BatchFolder &folder, const std::vector<RecordedFile> &files);

}  // namespace imgport
