// Questions that the rules on networks ask of one interface.
#pragma once

#include <string>
#include <vector>

#include <imgport/facts.hpp>

namespace imgport {

std::string name_of(const InterfaceConfig &interface);

// The place of its configuration, with something else said of it.
Evidence place_of(const InterfaceConfig &interface, std::string value);

// Files that cloud-init wrote for the old machine and writes anew on the instance (its renderers' file names).
bool is_rewritten(const InterfaceConfig &interface, const CloudInitFacts &cloud_init);

// Whether cloud-init, of which nothing is known, may have written all of these and would write them anew.
bool may_be_rewritten(const GuestFacts &guest, const std::vector<Evidence> &evidence);

bool is_ipv6(std::string_view address);

}  // namespace imgport
