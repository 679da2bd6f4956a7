// The whole job: probe, inspect, check, convert, verify, write the manifest, hand over.
#pragma once

#include <string>
#include <vector>

#include <imgport/convert.hpp>
#include <imgport/import_call.hpp>
#include <imgport/lint.hpp>
#include <imgport/uploader.hpp>

namespace imgport {

struct PrepareOptions {
    std::string output_dir;
    std::string name = {};  // of the artifact, without suffix; empty: made from the image's own
    std::vector<std::string> data_disks = {};
    std::string upload = {};  // a destination; empty: none
    UploadOptions upload_with = {};
    bool stream = false;  // convert and upload in one pass: the artifact is never a file here
    bool import = false;  // the cloud's import is called when everything was handed over
    ImportCallOptions import_call = {};
    LintOptions lint = {};  // profile, role, request, verdict
    ConvertOptions convert = {};
};

struct PreparedArtifact {
    std::string artifact;  // path; empty: it was streamed
    std::string manifest;  // path
    Role role = Role::system;
    std::string receipt = {};                 // where it was handed over; empty: it was not
    std::optional<ImportDone> imported = {};  // of the system disk's, where the import was called
};

struct PrepareOutcome {
    Report report;                              // one entry per disk: the image itself, then its data disks
    std::vector<std::string> comparisons = {};  // per entry, see LintResult::comparison
    std::optional<ImportParameters> parameters = {};
    std::vector<PreparedArtifact> artifacts = {};
    std::vector<Error> errors = {};
    int exit_code = 0;
};

// What artifacts of these images are called, without suffix: each name once, the same for the same list.
std::vector<std::string> artifact_names(const std::vector<std::string> &paths);

// Nothing is written unless every disk of the image passed. A failure leaves nothing of this run behind.
PrepareOutcome prepare(const std::string &path, const PrepareOptions &options, ProgressSink &progress);

}  // namespace imgport
