"""Concepts of devices: tubes, lines and whatever else is in or on the patient."""

from radray.language.lexicon.concept import CHEXPERT, OPENI, RADLEX, USAGE, Concept, concept

DEVICES: tuple[Concept, ...] = (
    concept(
        "support_devices",
        "device, of a kind that is not named",
        "support device|catheter|tube|medical device|septal occluder|occluder|closure device|ureteral stent|drain"
        "|drainage catheter|indwelling catheter|shunt|ventriculoperitoneal shunt|vp shunt|line|stimulator"
        "|nerve stimulator|spinal stimulator|monitoring device|device|foley catheter|shunt catheter|pigtail drain"
        "|biliary stent|ivc filter|inferior vena cava filter|life support device|loop recorder|monitor device"
        "|infusion pump|gastric band|lap band|vascular catheter|shunt tubing|catheter tubing",
        source=CHEXPERT,
        device=True,
    ),
    concept(
        "endotracheal_tube",
        "endotracheal tube",
        "endotracheal tube|et tube|ett|endotracheal|orotracheal tube|nasotracheal tube|intubated|intubation|ett tip",
        parents="support_devices",
        source=CHEXPERT,
        device=True,
    ),
    concept(
        "tracheostomy_tube",
        "tracheostomy tube",
        "tracheostomy tube|tracheostomy|trach tube|tracheostomy cannula|tracheotomy tube",
        parents="support_devices",
        source=RADLEX,
        device=True,
    ),
    concept(
        "enteric_tube",
        "nasogastric or other enteric tube",
        "nasogastric tube|ng tube|ngt|enteric tube|orogastric tube|og tube|ogt|feeding tube|dobhoff tube|dobhoff"
        "|gastrostomy tube|dobbhoff tube|dobbhoff|gastric tube|nasoenteric tube|enteric catheter|nasogastric"
        "|orogastric|peg tube|gastrojejunostomy tube|weighted feeding tube|nasojejunal tube",
        parents="support_devices",
        source=CHEXPERT,
        device=True,
    ),
    concept(
        "chest_tube",
        "chest tube",
        "chest tube|thoracostomy tube|pleural drain|pigtail catheter|pleural catheter|thoracic drain|pleurx"
        "|pleurx catheter|pleural tube|mediastinal drain|mediastinal tube|chest drain|tube thoracostomy"
        "|pleural pigtail catheter",
        parents="support_devices",
        source=CHEXPERT,
        device=True,
    ),
    concept(
        "central_line",
        "central venous line, PICC or port",
        "central venous catheter|central venous line|central line|cvc|picc|picc line"
        "|peripherally inserted central catheter|port|port a cath|portacath|mediport|infusion port|chest port"
        "|port catheter|jugular catheter|jugular line|ij catheter|ij line|internal jugular catheter"
        "|internal jugular line|subclavian catheter|subclavian line|dialysis catheter|hickman catheter|permacath"
        "|swan ganz catheter|swan ganz|pulmonary artery catheter|venous catheter|central catheter"
        "|subclavian central venous catheter|ij central venous catheter|venous line|tunneled catheter"
        "|central venous port|internal jugular central venous catheter|cordis|introducer sheath|vascular sheath"
        "|hemodialysis catheter|venous access catheter|port catheter tip|central venous access device"
        "|jugular central venous catheter|vas cath|chest wall port|picc catheter",
        parents="support_devices",
        source=CHEXPERT,
        device=True,
        pairs="tip~venous",
    ),
    concept(
        "cardiac_device",
        "pacemaker or defibrillator",
        "pacemaker|pacer|icd|aicd|defibrillator|pacing device|pacing lead|pacer lead|pacemaker lead|lead"
        "|pulse generator|cardiac device|generator|implantable cardioverter defibrillator|pacing wire"
        "|cardiac pacing device|dual lead pacemaker|electrode|cardiac pacemaker|icd lead|defibrillator lead"
        "|left chest pacer|biventricular pacemaker|pacemaker wire|dual chamber pacemaker|pacemaker device|aicd lead"
        "|generator pack|pacemaker generator|cardiac generator|epicardial pacing wire|single lead pacemaker",
        parents="support_devices",
        source=CHEXPERT,
        device=True,
    ),
    concept(
        "circulatory_support",
        "balloon pump or assist device",
        "intraaortic balloon pump|intra aortic balloon pump|iabp|balloon pump|lvad|ventricular assist device|impella"
        "|ecmo cannula|ecmo",
        parents="support_devices",
        source=RADLEX,
        device=True,
    ),
    concept(
        "sternotomy_wires",
        "sternotomy wires",
        "sternotomy wire|sternal wire|median sternotomy|sternotomy|sternotomy change|sternotomy suture"
        "|median sternotomy wire|sternal suture|cerclage wire|coronary artery bypass graft|cabg|coronary bypass"
        "|coronary artery bypass|bypass graft|cabg change|midline sternotomy|median sternotomy change"
        "|coronary artery bypass grafting",
        source=OPENI,
        device=True,
    ),
    concept(
        "surgical_clips",
        "surgical clips and sutures",
        "clip|surgical clip|clips|vascular clip|surgical staple|staple|suture|suture material|cholecystectomy clip"
        "|staple line|suture line|surgical suture|surgical material|axillary clip|mediastinal clip|surgical instrument"
        "|endoclip|coil|embolization coil",
        source=OPENI,
        device=True,
    ),
    concept(
        "prosthetic_valve",
        "prosthetic valve",
        "prosthetic valve|valve replacement|prosthetic heart valve|valve prosthesis|mechanical valve"
        "|bioprosthetic valve|aortic valve replacement|mitral valve replacement|prosthetic aortic valve"
        "|prosthetic mitral valve|tavr|artificial valve|cardiac valve|cardiac valve prosthesis|annuloplasty ring"
        "|valvular prosthesis|valvuloplasty",
        source=RADLEX,
        device=True,
    ),
    concept(
        "stent",
        "vascular stent",
        "stent|coronary stent|coronary artery stent|stent graft|endograft|aortic stent|vascular stent"
        "|endovascular stent|aortic stent graft",
        source=OPENI,
        device=True,
    ),
    concept(
        "orthopedic_hardware",
        "orthopaedic hardware",
        "hardware|orthopedic hardware|orthopaedic hardware|surgical hardware|spinal hardware|fusion hardware"
        "|spinal fusion|internal fixation|fixation hardware|plate and screw|screw|intramedullary rod|spinal rod|rod"
        "|arthroplasty|hip arthroplasty|knee arthroplasty|shoulder arthroplasty|prosthesis|joint replacement"
        "|hip replacement|knee replacement|shoulder replacement|anchor|suture anchor|shoulder prosthesis"
        "|cervical fusion|anterior cervical fusion|fixation plate|harrington rod|orif|hip prosthesis|fusion"
        "|shoulder hemiarthroplasty|hemiarthroplasty|vertebroplasty|kyphoplasty|metallic plate|rod and screw"
        "|spine fusion|intramedullary nail|pedicle screw|side plate|sideplate|plate and screws|metallic hardware"
        "|prostheses|bone graft",
        source=RADLEX,
        device=True,
    ),
    concept(
        "breast_implant",
        "breast implants",
        "breast implant|breast prosthesis|implant|breast augmentation|breast prostheses|breast expander"
        "|tissue expander",
        source=OPENI,
        device=True,
    ),
    concept(
        "foreign_body",
        "foreign body",
        "foreign body|foreign object|radiopaque foreign body|metallic foreign body|bullet|bullet fragment|shrapnel"
        "|metallic fragment|nipple ring|bb|shotgun pellet|ballistic fragment|pellet|jewelry|piercing|nipple piercing"
        "|metallic density|metallic object|retained foreign body|radiopaque object|ring shaped density|gunshot",
        source=OPENI,
        device=True,
    ),
    concept(
        "contrast_medium",
        "contrast medium in the patient",
        "residual contrast|oral contrast|retained contrast|enteric contrast|barium|residual barium|contrast material",
        source=OPENI,
        device=True,
    ),
    concept(
        "external_leads",
        "leads and wires on the skin",
        "external lead|overlying lead|ekg lead|ecg lead|monitoring lead|telemetry lead|monitor lead|external wire"
        "|ecg electrode|external monitor lead|external monitoring lead|overlying wire|overlying ekg lead|ekg electrode",
        source=USAGE,
        device=True,
    ),
)
