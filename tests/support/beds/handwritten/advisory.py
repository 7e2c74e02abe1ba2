"""Bed (c), the advisory classes: unsupported, certainty, severity, location, device, comparison."""

from tests.support.beds.handwritten.entry import entries

UNSUPPORTED = entries(
    r"""
XR CHEST | Cough | Lungs clear. No effusion. | 1. Clear lungs. 2. Moderate hiatal hernia.
XR CHEST | - | Small left effusion. | Small left effusion. Old healed right clavicle fracture.
XR CHEST | SOB | Mild cardiomegaly. No edema. | Mild cardiomegaly and a pulmonary nodule in the RUL.
CT CHEST | Nodule | 6 mm nodule RUL. No adenopathy. | 6 mm RUL nodule. Thoracic aortic aneurysm.
XR CHEST | Trauma | No rib fracture. Lungs clear. | No rib fracture. Pulmonary edema.
XR CHEST | Fever | Heart normal. Bones normal. | RUL pneumonia.
XR CHEST | Preop | Normal heart size. Clear lungs. | Severe scoliosis.
"""
)

CERTAINTY = entries(
    r"""
XR CHEST | Fever | Possible small right effusion. | Small right pleural effusion.
XR CHEST | - | Questionable nodule in the left apex. | Left apical nodule.
XR CHEST | Trauma | Nondisplaced fracture of the left 7th rib. | Possible left 7th rib fracture.
CT CHEST | r/o PE | Equivocal filling defect in the RLL, possibly pulmonary embolus. | Pulmonary embolus in the
    RLL.
XR CHEST | SOB | There is a large left pneumothorax. | ?Left pneumothorax.
XR CHEST | Cough | LLL opacity may represent pneumonia. | Definite LLL pneumonia.
XR CHEST | Pain | Moderate pleural effusion on the left. | Pleural effusion on the left cannot be excluded.
"""
)

SEVERITY = entries(
    r"""
XR CHEST | SOB | Tiny left effusion. | Large left pleural effusion.
XR CHEST | - | severe cardiomegaly | Mild cardiomegaly.
XR CHEST | PTX | Trace right apical pneumothorax. | Large right pneumothorax.
CT CHEST | COPD | Minimal centrilobular emphysema. | Severe emphysema.
XR CHEST | CHF | Marked pulmonary edema. | Minimal pulmonary edema.
XR SPINE | Fall | Mild compression deformity of T12. | Severe T12 compression deformity.
XR CHEST | Dyspnea | Massive right pleural effusion. | Small right effusion.
"""
)

LOCATION = entries(
    r"""
XR CHEST | Cough | RUL airspace opacity. | Right lower lobe opacity.
XR CHEST | - | Nodule at the left lung apex. | Nodule at the left lung base.
CT CHEST | Nodule | Nodule, 7 mm, right middle lobe. | 7 mm nodule in the RUL.
XR SPINE | Fall | Compression fracture of T12. | T8 compression fracture.
XR CHEST | Trauma | Fracture of the right 9th rib. | Right 4th rib fracture.
XR CHEST | Fever | consolidation in the lingula | Left lower lobe consolidation.
XR CHEST | Cough | Scarring in the left upper lobe. | LLL scarring.
"""
)

DEVICE = entries(
    r"""
XR CHEST | Cough | Lungs clear. | Lungs clear. Dual chamber pacemaker in place.
XR CHEST | Intubated | ETT tip 4 cm above carina. | ETT in the right mainstem bronchus.
XR CHEST | - | R PICC tip at the cavoatrial junction. | Right PICC tip in the axillary vein.
XR CHEST | NGT | NG tube tip in the stomach. | NG tube tip in the mid esophagus.
XR CHEST | SOB | Small effusions bilaterally. | Small effusions. Right IJ line in the SVC.
XR CHEST | Post-op | Left chest tube. No pneumothorax. | Left chest tube and endotracheal tube in place.
XR CHEST | SOB | Cardiomegaly. | Cardiomegaly. Swan-Ganz catheter in the right pulmonary artery.
"""
)

COMPARISON = entries(
    r"""
XR CHEST | Follow up. Comparison: radiograph of yesterday. | The left effusion has increased. | Left effusion,
    improved.
XR CHEST | Follow up. Comparison: radiograph of yesterday. | Interval decrease in pulmonary edema. | Worsening
    pulmonary edema.
XR CHEST | Follow up. Comparison: radiograph of yesterday. | RLL consolidation is improving. | Worsened RLL
    consolidation.
CT CHEST | Nodule. Comparison: CT last year. | RUL nodule has grown from 5 mm to 8 mm. | RUL nodule, decreased in
    size.
XR CHEST | Follow up. Comparison: radiograph of yesterday. | Right apical ptx is smaller. | Right apical
    pneumothorax has enlarged.
XR CHEST | Follow up. Comparison: radiograph of yesterday. | Bibasilar atelectasis, worse than before. | Interval
    improvement of bibasilar atelectasis.
XR CHEST | Follow up. Comparison: radiograph of yesterday. | Cardiomegaly has progressed. | Cardiomegaly has
    decreased since the prior.
"""
)
