# SPDX-License-Identifier: Apache-2.0
"""The console's forms for certificates: imported, requested, shown at a listener, deleted, and what
is refused. No private key is ever in the command, or on the page. docs/console.md."""
import socket
import ssl

import pytest

from aws import client
from console_browser import Browser, configure, install_page_tools
from harness import Daruma, make_certificate
from processes import Ports
from test_console_changes import as_typed
from test_console_forms import found_in


class Shop:
    """A load balancer `shop` that the API made, with an HTTPS listener and its default."""

    def __init__(self, daruma):
        self.folder = daruma.folder
        self.elbv2, self.acm = client(daruma), client(daruma, 'acm')
        self.port = Ports.take()
        self.default = self.import_certificate('default.example.com')
        balancer = self.elbv2.create_load_balancer(Name='shop')['LoadBalancers'][0]
        self.balancer = balancer['LoadBalancerArn']
        self.listener = self.listen(self.port)

    def listen(self, port):
        return self.elbv2.create_listener(
            LoadBalancerArn=self.balancer, Protocol='HTTPS', Port=port,
            Certificates=[{'CertificateArn': self.default}],
            DefaultActions=[{'Type': 'fixed-response',
                             'FixedResponseConfig': {'StatusCode': '200'}}]
        )['Listeners'][0]['ListenerArn']

    def pair(self, name, file=None):
        """Paths of a new certificate and its key."""
        made = make_certificate(self.folder, file or name, [name])
        return self.folder / made['CertificateFile'], self.folder / made['PrivateKeyFile']

    def import_certificate(self, name):
        certificate, key = self.pair(name)
        return self.acm.import_certificate(Certificate=certificate.read_bytes(),
                                           PrivateKey=key.read_bytes())['CertificateArn']

    def arn_of(self, name):
        return next((each['CertificateArn']
                     for each in self.acm.list_certificates()['CertificateSummaryList']
                     if each['DomainName'] == name), None)

    def pem_of(self, arn):
        return self.acm.get_certificate(CertificateArn=arn)['Certificate']

    def others(self):
        """What the listener has besides its default."""
        found = self.elbv2.describe_listener_certificates(ListenerArn=self.listener)
        return {each['CertificateArn'] for each in found['Certificates'] if not each['IsDefault']}

    def served(self, name):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(('127.0.0.1', self.port)) as raw:
            with context.wrap_socket(raw, server_hostname=name) as connection:
                return ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True))


@pytest.fixture(scope='module')
def node(tmp_path_factory):
    folder = tmp_path_factory.mktemp('console')
    configuration = configure(folder / 'daruma', [])
    configuration.value['Certificates'] = {
        'Files': configuration.value['Certificates'], 'LocalAuthority': True}
    configuration.write()
    with Daruma(configuration) as daruma:
        daruma.shop = Shop(daruma)
        yield daruma


@pytest.fixture
def shop(node):
    """With its default certificate, and no other."""
    made = node.shop
    made.elbv2.modify_listener(ListenerArn=made.listener,
                               Certificates=[{'CertificateArn': made.default}])
    for arn in made.others():
        made.elbv2.remove_listener_certificates(ListenerArn=made.listener,
                                                Certificates=[{'CertificateArn': arn}])
    return made


@pytest.fixture(scope='module')
def browser(tmp_path_factory, node):
    install_page_tools()
    with Browser(tmp_path_factory.mktemp('browser'), node) as made:
        made.log_in()
        made.wait_for_text('live', '.top')
        yield made


def row(browser, name):
    return browser.wait(f'the row of {name}', lambda: browser.row('Certificates', name))


def typed_in(browser, name):
    return browser.run('return document.querySelector(`dialog [name="${arguments[0]}"]`).value',
                       name)


def look_again(browser):
    """What others did is seen when it changes what is served, or after a minute."""
    browser.go('nodes')
    browser.go('certificates')


def open_listeners(browser, name):
    row(browser, name)
    browser.press(f'Listeners of {name}')
    browser.wait('what it shows', lambda: 'Loading' not in browser.command())


def test_a_certificate_is_imported_as_text_and_served(browser, shop):
    certificate, key = shop.pair('text.example.com')
    browser.go('certificates')
    browser.press('Import')
    assert browser.command() == 'Give the certificate, in PEM.'
    browser.fill('certificate', certificate.read_text())
    assert browser.command() == 'Give its private key, in PEM.'
    browser.fill('key', key.read_text())
    assert browser.command().endswith(
        'acm import-certificate --certificate fileb://certificate.pem '
        '--private-key fileb://private-key.pem')
    assert browser.perform('Import it') == 'Done.'
    assert typed_in(browser, 'key') == ''  # the node has it
    assert 'acm import-certificate' in browser.command()
    browser.close_dialog()
    assert row(browser, 'text.example.com')['Came by'] == 'imported'
    browser.press('Import')
    browser.fill('key', key.read_text())
    browser.close_dialog()
    browser.press('Import')  # nothing of it is left in the form
    assert typed_in(browser, 'key') == typed_in(browser, 'certificate') == ''
    browser.press('Cancel', 'dialog')

    open_listeners(browser, 'text.example.com')
    assert browser.command() == 'Choose what is to be done.'
    browser.fill('deed', 'add')
    assert 'add-listener-certificates' in browser.command()
    assert browser.perform('Change it') == 'Done.'
    browser.close_dialog()
    assert shop.served('text.example.com') == certificate.read_text()
    browser.wait('it is in use', lambda: row(browser, 'text.example.com')['Used by'] == 'shop')
    button = browser.button('Delete text.example.com')
    assert not button.is_enabled() and 'in use' in button.get_attribute('title')


def test_files_are_taken_with_a_chain_and_in_place_of_another(browser, shop):
    first = shop.import_certificate('files.example.com')
    shop.elbv2.add_listener_certificates(ListenerArn=shop.listener,
                                         Certificates=[{'CertificateArn': first}])
    (certificate, key), (chain, _) = shop.pair('files.example.com', 'next'), shop.pair('issuer')
    browser.go('certificates')
    row(browser, 'files.example.com')
    browser.press('Import')
    for name, path in (('certificate', certificate), ('key', key), ('chain', chain)):
        browser.one(f'dialog [name="{name}-file"]').send_keys(str(path))
        browser.wait(f'{path} is read', lambda name=name: browser.run(
            'return document.querySelector(`dialog [name="${arguments[0]}"]`).value', name))
    browser.fill('replaces', first)
    assert browser.command().endswith(
        f'--certificate fileb://{certificate.name} --private-key fileb://{key.name} '
        f'--certificate-chain fileb://{chain.name} --certificate-arn {first}')
    assert browser.perform('Import it') == 'Done.'
    browser.close_dialog()
    assert shop.acm.get_certificate(CertificateArn=first)['CertificateChain'] == chain.read_text()
    assert shop.served('files.example.com') == certificate.read_text()


def choose(browser, name, path):
    browser.one(f'dialog [name="{name}-file"]').send_keys(str(path))


def test_a_file_that_is_not_the_text_any_more_is_not_named(browser, shop):
    certificate, key = shop.pair('edited.example.com')
    large = shop.folder / 'large.pem'
    large.write_bytes(b'x' * (256 * 1024 + 1))
    browser.go('certificates')
    browser.press('Import')
    choose(browser, 'certificate', certificate)
    choose(browser, 'key', key)
    browser.wait('both are read', lambda: f'fileb://{key.name}' in browser.command()
                 and f'fileb://{certificate.name}' in browser.command())
    browser.one('dialog [name="certificate"]').send_keys('\n')
    assert '--certificate fileb://certificate.pem ' in browser.command()
    assert browser.one('dialog [name="certificate-file"]').get_attribute('value') == ''
    # What cannot be read leaves nothing of what was there before.
    choose(browser, 'key', large)
    browser.wait_for_text('large.pem cannot be taken: it is too large to be one', 'dialog')
    assert typed_in(browser, 'key') == ''
    assert browser.command() == 'Give its private key, in PEM.'
    browser.run('window.read = File.prototype.text;'
                'File.prototype.text = () => Promise.reject(new Error("it has gone"))')
    choose(browser, 'key', key)
    browser.wait_for_text(f'{key.name} cannot be taken: it has gone', 'dialog')
    # Nor does what is read too late.
    browser.run('File.prototype.text = () => new Promise(done => { window.done = done })')
    choose(browser, 'key', key)
    browser.wait('it is read', lambda: browser.run('return !!window.done'))
    browser.close_dialog()
    browser.press('Import')
    browser.run('window.done("a key"); File.prototype.text = window.read')
    browser.fill('certificate', 'x')
    assert typed_in(browser, 'key') == ''
    browser.close_dialog()


def test_the_command_does_the_same(browser, shop, tmp_path, monkeypatch):
    certificate, key = shop.pair('typed.example.com')
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'certificate.pem').write_bytes(certificate.read_bytes())
    (tmp_path / 'private-key.pem').write_bytes(key.read_bytes())
    browser.go('certificates')
    browser.press('Import')
    browser.fill('certificate', certificate.read_text())
    browser.fill('key', key.read_text())
    as_typed(browser.command())
    browser.press('Cancel', 'dialog')
    arn = shop.arn_of('typed.example.com')
    look_again(browser)
    open_listeners(browser, 'typed.example.com')
    browser.fill('deed', 'add')
    as_typed(browser.command())
    browser.press('Cancel', 'dialog')
    assert shop.others() == {arn}
    open_listeners(browser, 'typed.example.com')
    browser.fill('deed', 'remove')
    assert 'remove-listener-certificates' in browser.command()
    as_typed(browser.command())
    browser.press('Cancel', 'dialog')
    assert shop.others() == set()
    browser.wait('nobody uses it',
                 lambda: row(browser, 'typed.example.com')['Used by'] == 'nobody')
    browser.press('Delete typed.example.com')
    as_typed(browser.command())
    browser.close_dialog()
    look_again(browser)
    assert shop.arn_of('typed.example.com') is None
    browser.press('Request')
    browser.fill('name', 'asked.example.com')
    browser.fill('others', '*.asked.example.com\nb.example.com')
    as_typed(browser.command())
    browser.press('Cancel', 'dialog')
    there = shop.acm.describe_certificate(
        CertificateArn=shop.arn_of('asked.example.com'))['Certificate']
    assert set(there['SubjectAlternativeNames']) == {
        'asked.example.com', '*.asked.example.com', 'b.example.com'}


def test_one_is_requested_made_the_default_and_deleted(browser, shop):
    browser.go('certificates')
    browser.press('Request')
    assert browser.command() == 'Say for which name.'
    browser.fill('name', 'issued.example.com')
    browser.fill('key', 'EC_secp384r1')
    assert browser.perform('Request it') == 'Done.'
    browser.close_dialog()
    found = row(browser, 'issued.example.com')
    assert found['Key'] == 'EC_secp384r1' and found['Came by'].startswith('issued here')
    arn = shop.arn_of('issued.example.com')
    open_listeners(browser, 'issued.example.com')
    browser.fill('deed', 'default')
    # Its clients would not get the former default any more: it is offered to stay.
    assert f'default.example.com ({shop.default.split("/")[-1]})' in browser.text('dialog .fields')
    added, modified = browser.command().splitlines()
    assert added.endswith(f'elbv2 add-listener-certificates --listener-arn {shop.listener} '
                          f'--certificates CertificateArn={shop.default}')
    assert f'elbv2 modify-listener --listener-arn {shop.listener}' in modified
    browser.one('dialog [name="keep"]').click()
    assert browser.command() == modified
    browser.one('dialog [name="keep"]').click()
    assert browser.perform('Change it') == 'Done.'
    browser.close_dialog()
    assert shop.others() == {shop.default}
    assert shop.served('default.example.com') == shop.pem_of(shop.default)
    assert shop.served('issued.example.com') == shop.pem_of(arn)
    listener = shop.elbv2.describe_listeners(ListenerArns=[shop.listener])['Listeners'][0]
    assert listener['Certificates'] == [{'CertificateArn': arn}]
    open_listeners(browser, 'issued.example.com')
    assert browser.command() == 'It is the default there: make another the default first.'
    browser.press('Cancel', 'dialog')
    shop.elbv2.modify_listener(ListenerArn=shop.listener,
                               Certificates=[{'CertificateArn': shop.default}])
    browser.wait('nobody uses it',
                 lambda: row(browser, 'issued.example.com')['Used by'] == 'nobody')
    browser.press('Delete issued.example.com')
    assert browser.perform('Delete it') == 'Done.'
    browser.wait('it is gone', lambda: not browser.row('Certificates', 'issued.example.com'))
    browser.close_dialog()
    assert shop.arn_of('issued.example.com') is None


def test_what_is_refused_is_told_at_the_form(browser, node, shop):
    (certificate, _), (_, key) = shop.pair('one.example.com'), shop.pair('two.example.com')
    browser.go('certificates')
    browser.press('Import')
    browser.fill('certificate', certificate.read_text())
    browser.fill('key', key.read_text())
    outcome = browser.refused('Import it')
    assert outcome.startswith('ValidationException: ')
    assert key.read_text().splitlines()[1] not in outcome
    assert shop.arn_of('one.example.com') is None
    browser.press('Request')
    browser.fill('name', 'no name')
    assert "'no name' is not a domain name" in browser.refused('Request it')

    # Somebody else was quicker.
    arn = shop.import_certificate('quick.example.com')
    look_again(browser)
    open_listeners(browser, 'quick.example.com')
    browser.fill('deed', 'add')
    shop.acm.delete_certificate(CertificateArn=arn)
    assert browser.refused('Change it').startswith('CertificateNotFound: ')

    node.configuration.value['Certificates']['LocalAuthority'] = False
    node.configuration.write()
    assert node.reload().returncode == 0
    browser.press('Request')
    browser.fill('name', 'late.example.com')
    outcome = browser.refused('Request it')
    assert outcome.startswith('AccessDeniedException: ') and 'LocalAuthority: true' in outcome
    node.configuration.value['Certificates']['LocalAuthority'] = True
    node.configuration.write()
    assert node.reload().returncode == 0


def test_what_the_file_declares_is_changed_in_the_file(browser, shop):
    browser.go('certificates')
    assert row(browser, 'localhost')['Came by'] == 'declared in daruma.yaml'
    button = browser.button('Delete localhost')
    assert not button.is_enabled() and 'daruma.yaml' in button.get_attribute('title')
    web = shop.elbv2.describe_load_balancers(Names=['web'])['LoadBalancers'][0]['LoadBalancerArn']
    listeners = shop.elbv2.describe_listeners(LoadBalancerArn=web)['Listeners']
    declared = next(each['ListenerArn'] for each in listeners if each['Protocol'] == 'HTTPS')
    open_listeners(browser, 'default.example.com')
    browser.fill('listener', declared)
    browser.wait('why not', lambda: browser.command() ==
                 'It is declared in daruma.yaml: change it there, then reload.')
    browser.press('Cancel', 'dialog')


def test_the_listener_that_was_chosen_last_is_shown(browser, shop):
    """Whichever answer comes last."""
    other = shop.listen(Ports.take())
    arn = shop.import_certificate('race.example.com')
    shop.elbv2.add_listener_certificates(ListenerArn=other,
                                         Certificates=[{'CertificateArn': arn}])
    try:
        look_again(browser)
        browser.wait('both listeners', lambda: row(browser, 'race.example.com'))
        open_listeners(browser, 'race.example.com')
        browser.fill('listener', shop.listener)
        browser.wait('what it shows', lambda: 'Loading' not in browser.command())
        # The next answer waits until it is let go.
        browser.run('window.real = fetch; window.fetch = (...all) => { window.fetch = real;'
                    'return new Promise(go => { window.go = () => '
                    '  real(...all).then(answer => { go(answer); window.gone = true }) }) }')
        browser.fill('listener', other)
        browser.wait('it is asked', lambda: browser.run('return !!window.go'))
        browser.fill('listener', shop.listener)
        browser.wait('what it shows', lambda: 'Loading' not in browser.command())
        browser.run('window.go()')
        browser.wait('the late answer', lambda: browser.run('return !!window.gone'))
        browser.run('return fetch("session").then(answer => answer.text())')
        browser.wait('the choice', lambda: browser.all('dialog [name="deed"] option[value="add"]'))
        assert typed_in(browser, 'listener') == shop.listener
        assert not browser.all('dialog [name="deed"] option[value="remove"]')
        # One that is not answered at all is still the one that was chosen.
        browser.run('window.fetch = () => { window.fetch = real;'
                    'return Promise.reject(new TypeError("failed")) }')
        browser.fill('listener', other)
        browser.wait('a problem', lambda: browser.all('dialog .fields [role="alert"]'))
        assert typed_in(browser, 'listener') == other
        browser.close_dialog()
    finally:
        shop.elbv2.delete_listener(ListenerArn=other)
        shop.acm.delete_certificate(CertificateArn=arn)


def test_who_only_reads_has_no_form_and_is_refused(tmp_path, node, shop):
    unused = shop.import_certificate('unused.example.com')
    with Browser(tmp_path, node) as browser:
        browser.log_in_as_reader()
        browser.wait_for_text('read-only', '.top')
        browser.go('certificates')
        browser.wait_for_text('They cannot be changed here: Your role is read-only.')
        row(browser, 'default.example.com')
        for name in ('Import', 'Request', 'Listeners of default.example.com',
                     'Delete default.example.com'):
            button = browser.button(name)
            assert not button.is_enabled()
            assert button.get_attribute('title') == 'Your role is read-only.'
        refusal = browser.run(
            'return fetch("session").then(answer => answer.json()).then(session => fetch("api", {'
            'method: "POST", headers: {"X-Daruma-Csrf": session.csrf_token, '
            '"Content-Type": "application/x-amz-json-1.1", '
            '"X-Amz-Target": "CertificateManager.DeleteCertificate"}, '
            'body: JSON.stringify({CertificateArn: arguments[0]})}))'
            '.then(answer => answer.json())', unused)
        assert refusal['__type'].split('#')[-1] == 'AccessDeniedException', refusal
        assert shop.arn_of('unused.example.com') == unused
    shop.acm.delete_certificate(CertificateArn=unused)


def test_everybody_can_read_the_forms(browser, shop):
    browser.go('certificates')
    row(browser, 'default.example.com')
    found = found_in(browser, 'import', lambda: browser.press('Import'))
    found += found_in(browser, 'request', lambda: browser.press('Request'))
    found += found_in(browser, 'listeners',
                      lambda: open_listeners(browser, 'default.example.com'))
    assert not found, '\n'.join(found)
