// The whole job: probe, inspect, check, convert, verify, write the manifest, hand over.
#pragma once

#include <string>
#include <vector>

#include <imgport/check.hpp>
#include <imgport/convert.hpp>
#include <imgport/report.hpp>

namespace imgport {

struct PrepareOptions {
    std::string output_dir;
    std::string profile = "alibaba";
    Role role = Role::system;
    std::vector<std::string> data_disks = {};
    std::string upload = {};  // a destination; empty: none
    ImportRequest request = {};
    ConvertOptions convert = {};
    VerdictOptions verdict = {};
};

struct PreparedArtifact {
    std::string artifact;   // paths
    std::string manifest;
    Role role = Role::system;
    std::string receipt = {};  // where it was handed over; empty: it was not
};

struct PrepareOutcome {
    Report report;
    std::vector<PreparedArtifact> artifacts = {};
    std::vector<Error> errors = {};
    int exit_code = 0;
};

PrepareOutcome prepare(const std::string &path, const PrepareOptions &options, ProgressSink &progress);

}  // namespace imgport
