# SPDX-License-Identifier: Apache-2.0
"""daruma backup and restore: what the API made, to a file and back."""
import shutil

from aws import ask, client, serve_api
from harness import DARUMA, Daruma, make_certificate, run


def names(daruma):
    return {each['TargetGroupName']
            for each in client(daruma).describe_target_groups()['TargetGroups']}


def make_group(daruma, name):
    assert ask(daruma, 'CreateTargetGroup', Name=name, Protocol='HTTP', Port='80',
               TargetType='ip').status == 200


def daruma_does(*words):
    return run([DARUMA, *words])


def test_what_was_backed_up_comes_back(tmp_path, processes):
    daruma = processes.enter_context(serve_api(tmp_path))
    data, file = tmp_path / 'data', tmp_path / 'copy.db'
    files = make_certificate(tmp_path, 'site')
    certificate = client(daruma, 'acm').import_certificate(
        Certificate=(tmp_path / files['CertificateFile']).read_bytes(),
        PrivateKey=(tmp_path / files['PrivateKeyFile']).read_bytes())['CertificateArn']
    make_group(daruma, 'before')
    assert daruma_does('backup', '--data', data, file).returncode == 0
    assert file.stat().st_mode & 0o777 == 0o600
    again = daruma_does('backup', '--data', data, file)
    assert again.returncode == 1 and 'exists already' in again.stderr
    make_group(daruma, 'after')
    refused = daruma_does('restore', '--data', data, file)
    assert refused.returncode == 1 and names(daruma) == {'before', 'after'}

    daruma.kill()
    answer = daruma_does('restore', '--data', data, file)
    assert answer.returncode == 0 and answer.stdout == 'restored 2 resources\n', answer.stderr
    daruma = processes.enter_context(Daruma(daruma.configuration))
    assert names(daruma) == {'before'}
    listed = client(daruma, 'acm').list_certificates()['CertificateSummaryList']
    assert [each['CertificateArn'] for each in listed] == [certificate]
    make_group(daruma, 'later')
    assert daruma.stop() == 0


def test_what_cannot_be_restored_changes_nothing(tmp_path, processes):
    daruma = processes.enter_context(serve_api(tmp_path / 'one'))
    data = tmp_path / 'one/data'
    make_group(daruma, 'kept')
    files = make_certificate(tmp_path, 'site')
    client(daruma, 'acm').import_certificate(
        Certificate=(tmp_path / files['CertificateFile']).read_bytes(),
        PrivateKey=(tmp_path / files['PrivateKeyFile']).read_bytes())
    assert daruma_does('backup', '--data', data, tmp_path / 'copy.db').returncode == 0
    daruma.kill()
    shutil.copytree(data, tmp_path / 'saved')
    (tmp_path / 'text').write_text('this is no database, however long it may be')
    for file in ('none', 'text'):
        assert daruma_does('restore', '--data', data, tmp_path / file).returncode == 1
    # Another node's data directory has another key.
    other = tmp_path / 'other'
    answer = daruma_does('restore', '--data', other, tmp_path / 'copy.db')
    assert answer.returncode == 1 and "this data directory's key" in answer.stderr
    daruma = processes.enter_context(Daruma(daruma.configuration))
    assert names(daruma) == {'kept'}
