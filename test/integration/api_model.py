# SPDX-License-Identifier: Apache-2.0
"""What an answer of the API has that AWS's model does not allow: unknown members, wrong types,
words that are not in an enumeration, missing members, errors that are not the operation's."""
import json
import re
import xml.etree.ElementTree as ElementTree

# Errors that every operation may answer with; the others are each operation's own.
COMMON = {'ValidationError', 'AccessDenied', 'InvalidAction', 'InvalidClientTokenId',
          'SignatureDoesNotMatch', 'IncompleteSignature', 'MissingAuthenticationToken',
          'OperationNotPermitted', 'ValidationException', 'AccessDeniedException',
          'UnknownOperationException', 'InvalidSignatureException', 'UnrecognizedClientException',
          'ServiceUnavailable'}
# Where the model has no error for what AWS documents (or what only a node can lack).
BEYOND = {'CreateLoadBalancer': {'DuplicateTagKeys'}, 'SetRulePriorities': set(),
          'ModifyListener': {'InvalidConfigurationRequest'},
          'CreateTargetGroup': {'DuplicateTagKeys'}}


def problems(operation, status, body):
    if status >= 300:
        return error_problems(operation, body)
    if operation.service_model.metadata['protocol'] == 'json':
        return list(json_problems(operation.output_shape, json.loads(body or b'{}'),
                                  operation.name)) if operation.output_shape else []
    root = ElementTree.fromstring(body)
    namespace = root.tag[:root.tag.index('}') + 1]
    for element in root.iter():
        element.tag = element.tag.replace(namespace, '')
    expected = [operation.output_shape.serialization['resultWrapper'], 'ResponseMetadata']
    if [each.tag for each in root] != expected:
        return [f'{operation.name}: {[each.tag for each in root]}']
    return list(xml_problems(operation.output_shape, root[0], operation.name))


def error_problems(operation, body):
    if body.startswith(b'{'):
        code = json.loads(body)['__type']
    else:
        code = re.search(rb'<Code>(.*?)</Code>', body).group(1).decode()
    allowed = {shape.metadata.get('error', {}).get('code', shape.name)
               for shape in operation.error_shapes}
    allowed |= COMMON | BEYOND.get(operation.name, set())
    return [] if code in allowed else [f'{operation.name}: error {code} is not among {allowed}']


def scalar_problems(shape, text, where):
    patterns = {'integer': r'-?\d+', 'long': r'-?\d+', 'boolean': 'true|false',
                'timestamp': r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z'}
    pattern = patterns.get(shape.type_name)
    if pattern and not re.fullmatch(pattern, text):
        yield f'{where}: {text!r} is no {shape.type_name}'
    if getattr(shape, 'enum', None) and text not in shape.enum:
        yield f'{where}: {text!r} is not in {shape.enum}'


def xml_problems(shape, element, where):
    if shape.type_name == 'structure':
        names = [child.tag for child in element]
        if len(names) != len(set(names)):
            yield f'{where}: a member is given twice: {names}'
        for name in shape.required_members:
            if name not in names:
                yield f'{where}: {name} is missing'
        for child in element:
            if child.tag not in shape.members:
                yield f'{where}: {child.tag} is unknown'
            else:
                yield from xml_problems(shape.members[child.tag], child, f'{where}.{child.tag}')
    elif shape.type_name == 'list':
        for child in element:
            if child.tag != 'member':
                yield f'{where}: {child.tag} in a list'
            yield from xml_problems(shape.member, child, f'{where}[]')
    elif len(element):
        yield f'{where}: a {shape.type_name} has elements'
    else:
        yield from scalar_problems(shape, element.text or '', where)


def json_problems(shape, value, where):
    kinds = {'structure': dict, 'list': list, 'string': str, 'boolean': bool, 'integer': int,
             'timestamp': (int, float)}
    if not isinstance(value, kinds[shape.type_name]):
        yield f'{where}: {value!r} is no {shape.type_name}'
    elif shape.type_name == 'structure':
        for name, inner in value.items():
            if name not in shape.members:
                yield f'{where}: {name} is unknown'
            else:
                yield from json_problems(shape.members[name], inner, f'{where}.{name}')
    elif shape.type_name == 'list':
        for inner in value:
            yield from json_problems(shape.member, inner, f'{where}[]')
    elif shape.type_name == 'string':
        yield from scalar_problems(shape, value, where)
