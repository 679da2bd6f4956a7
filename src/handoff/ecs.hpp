// The calls of ECS that an import takes, with their replies taken apart.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cloud/api_client.hpp"

namespace imgport {

struct StartedImport {
    std::string image_id;
    std::string task_id;  // empty: the reply named none
    std::string request_id;
};

enum class TaskPhase { running, finished, failed, cancelled };

struct ImportTask {
    std::string status;  // the API's word: Waiting, Processing, Finished, Failed, Deleted, ...
    std::optional<unsigned> percent = {};
    std::optional<bool> can_cancel = {};
    std::string error_code = {};
    std::string error_message = {};
};
TaskPhase phase_of(const std::string &task_status);

struct ImportedImage {
    std::string status;  // Creating, Waiting, Available, UnAvailable, CreateFailed
    std::vector<std::string> snapshot_ids = {};
};

class Ecs {
public:
    Ecs(ApiClient &client, std::string region, RetryPolicy policy, OnApiRetry on_retry)
        : m_client(client), m_region(std::move(region)), m_policy(policy), m_on_retry(std::move(on_retry))
    {}

    // `parameters` with RegionId and ClientToken.
    ApiResult<StartedImport> import_image(const NamedValues &parameters);
    // Success is that the cloud would take the call.
    ApiResult<void> dry_run(NamedValues parameters);
    // nullopt: the cloud does not list the task (yet).
    ApiResult<std::optional<ImportTask>> task(const std::string &id);
    ApiResult<void> cancel(const std::string &task);
    // nullopt: there is no such image (yet).
    ApiResult<std::optional<ImportedImage>> image(const std::string &id);

private:
    ApiResult<Json> call(const std::string &action, const NamedValues &parameters);

    ApiClient &m_client;
    std::string m_region;
    RetryPolicy m_policy;
    OnApiRetry m_on_retry;
};

}  // namespace imgport
