// What clouds and installers left in the guest.
#pragma once

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"
#include "guest/services.hpp"

namespace imgport {

// Settings of cloud-init that were made for another place, agents of other clouds, and Alibaba Cloud's own assistant.
Known<CloudTraces> read_cloud_traces(FileTree &tree, const Services &services);

}  // namespace imgport
