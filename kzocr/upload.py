"""An assembled folder -> the Hugging Face Hub, in one commit with a tag."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kzocr.hub import HubError

OWN_FILES = ["*.safetensors", "*.json", "*.xz", "*.py", "*.html", "channel/*", "custom_generate/*", "kzocr/*"]
"""Files of an older version that a new one takes away, if it does not have them."""


@dataclass(frozen=True)
class Upload:
    """What the Hub took.

    Attributes:
        url: the page of the commit.
        commit: its 40 hexadecimal digits.
        tag: the name that it has.
        is_private: whether only its owner sees it.
    """

    url: str
    commit: str
    tag: str
    is_private: bool


def upload(
    folder: Path,
    repo: str,
    *,
    tag: str,
    is_public: bool = False,
    token: str | None = None,
    kind: Literal["model", "space"] = "model",
) -> Upload:
    """Upload an assembled folder in one commit, tag it, and say where it is.

    A repository that does not exist is made as a private one, and `is_public` shows it to the world as the last
    step: whatever fails before, nothing half-published is seen, and the same call goes on where the last one
    stopped. Files that the Hub has already are not sent again. In a repository that is public already everybody
    sees the commit at once; it is whole or not there, but if its tag is refused it has none until the same call
    sets it, and the error says so.

    Args:
        folder: as `assemble` or `kzocr.space.assemble_space` filled it.
        repo: `user/name` on the Hub.
        tag: name of the revision, the version of the package.
        is_public: make the repository public in the end; without it, it stays as it is, and a new one private.
        token: access token; the stored one if it is not given.
        kind: what the repository is.

    Raises:
        HubError: there is no token, the version is published already, or the Hub refused.
    """
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.errors import HfHubHTTPError

    token = token or get_token()
    if not token:
        raise HubError("no Hugging Face token: run `hf auth login`, or set HF_TOKEN to a token that may write")
    api = HfApi(token=token)
    stage = ""
    try:
        space_sdk = "gradio" if kind == "space" else None
        api.create_repo(repo, repo_type=kind, private=True, exist_ok=True, space_sdk=space_sdk)
        is_private = bool(api.repo_info(repo, repo_type=kind).private)
        tags = {ref.name: ref.target_commit for ref in api.list_repo_refs(repo, repo_type=kind).tags}
        is_unseen = is_public and is_private
        if tag in tags and not is_unseen:
            raise HubError(f"{repo}: version {tag} is published already; raise the version of the package")
        if tag in tags:
            oid, url = tags[tag], f"{api.endpoint}/{'spaces/' if kind == 'space' else ''}{repo}/tree/{tag}"
        else:
            message = f"kzocr {tag}"
            commit = api.upload_folder(
                folder_path=folder, repo_id=repo, repo_type=kind, commit_message=message, delete_patterns=OWN_FILES
            )
            oid, url = commit.oid, str(commit.commit_url)
            stage = f"{tag} is on main as commit {oid}, but has no tag yet. "
            api.create_tag(repo, tag=tag, revision=oid, repo_type=kind)
            stage = ""
        if is_unseen:
            api.update_repo_settings(repo, private=False, repo_type=kind)
    except (HfHubHTTPError, OSError, RuntimeError) as error:
        said = [str(error), *([str(error.__cause__)] if isinstance(error, RuntimeError) and error.__cause__ else [])]
        reason = " ".join(" ".join(said).split())
        raise HubError(f"{repo}: {stage}The upload failed and may be repeated: {reason}") from error
    return Upload(url, oid, tag, is_private and not is_unseen)
