// What Kubernetes takes: known before anything is begun.
#pragma once

#include <string_view>

#include <imgport/batch.hpp>

namespace imgport {

// RFC 1123, as Kubernetes reads it: a label (63 characters at most), and labels with dots between them (253 in all).
bool is_dns_label(std::string_view text);
bool is_dns_subdomain(std::string_view text);

// Names, volumes and the folder of a batch that no cluster would take, or that a pod could not use: usage errors.
Result<void> check_for_kubernetes(const BatchOptions &options);

}  // namespace imgport
